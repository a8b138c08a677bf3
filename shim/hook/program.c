/* SPDX-License-Identifier: ISC */
#include "hook/program.h"

#include "hook/childenv.h"
#include "hook/scratch.h"
#include "lease/errno.h"
#include "lease/sys.h"
#include "sock/procid.h"

#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

bool
program_passes(const struct lease_ctx *ctx, const struct execcall *c)
{
	return ctx == NULL || !childenv_readable(c->envp) ||
	       childenv_other(attach_child_env(), c->envp);
}

/* The filter is inherited, but not by what `portlease exec` brought. */
static uint32_t
trapped(const struct lease_ctx *ctx, uint32_t flags)
{
	if (!(ctx->terms.flags & TERMS_TRAP) || flags & IMAGE_ALIEN ||
	    sys_prctl(PR_GET_SECCOMP, NULL) != SECCOMP_MODE_FILTER)
		return flags;
	return flags | IMAGE_TRAPPED;
}

/* What the call would execute, and under which name. */
static void
aim(struct program *p, const struct execcall *c)
{
	const char *path = c->path;
	char *name = p->path;

	if (c->how == BY_SEARCH)
		path = exe_search(path, name);
	if (c->how == BY_FD)
		path = "";
	if (c->how == BY_FD || c->how == BY_DIR)
		p->exe = exe_of(c->fd, path,
		    c->how == BY_FD ? AT_EMPTY_PATH : c->flags, &p->read);
	else
		p->exe = exe_of(AT_FDCWD, path, 0, &p->read);
	if (path != name)
		name[0] = '\0';
	if (p->exe.found && path[0] == '\0')
		exe_path(c->fd, name);
	else if (p->exe.found && path != name && strlen(path) < PATH_MAX)
		memcpy(name, path, strlen(path) + 1);
}

/*
 * What a root of its own (chroot, a container) keeps from the program.  The
 * record of another user is no such thing: the shim says a line about it.
 */
static uint32_t
unseen(const struct child_env *env)
{
	const char *shim = strchr(env->preload, '=');
	const char *record = strchr(env->record, '=');
	uint32_t flags = 0;
	KEEP_ERRNO;

	if (shim != NULL && sys_access(shim + 1, F_OK) == -1)
		flags |= IMAGE_NO_SHIM;
	if (record != NULL && sys_access(record + 1, W_OK) == -1 &&
	    errno != EACCES)
		flags |= IMAGE_NO_RECORD;
	return flags;
}

/* Is the environment of this call as it is to be? */
static bool
keeps(const struct program *p, const struct execcall *c)
{
	return !p->exe.asan &&
	       !(p->exe.flags & (IMAGE_ALIEN | IMAGE_NO_SHIM)) &&
	       childenv_complete(attach_child_env(), c->envp);
}

struct program *
program_of(const struct lease_ctx *ctx, const struct execcall *c)
{
	const struct child_env *env = attach_child_env();
	size_t size = childenv_room(env, c->envp);
	struct program *p = scratch_take(sizeof(*p) + size);

	if (p == NULL)
		return NULL;
	p->size = size;
	aim(p, c);
	p->exe.flags = trapped(ctx, p->exe.flags | unseen(env));
	p->envp = keeps(p, c)
		      ? c->envp
		      : childenv_fill(env, c->envp, &p->exe, p->env, p->size);
	return p;
}

void
program_note(
    const struct lease_ctx *ctx, const struct program *p, struct image *image)
{
	image->flags = p->exe.flags;
	procid_set_path(image, p->path);
	(void)record_image(ctx->record, image);
	if (image_uncovered(p->exe.flags))
		record_count(&ctx->record->counts.uncovered);
}
