/* SPDX-License-Identifier: ISC */
/*
 * The exported exec calls: libc's own, with the lease in the environment of
 * the new image and the image in the record.
 *
 * They may run in a vfork child, inside its parent's memory (vfork(2)):
 * nothing but the stack, scratch memory and the shared record is written, and
 * the pid is asked of the kernel.
 */
#include "hook/attach.h"
#include "hook/childenv.h"
#include "hook/real.h"
#include "hook/scratch.h"
#include "lease/strbuf.h"
#include "lease/sys.h"
#include "sock/exe.h"
#include "sock/procid.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>

/* A call of the exec family. */
struct call {
	enum { BY_PATH, BY_SEARCH, BY_FD, BY_DIR } how;
	int fd; /* BY_FD, BY_DIR */
	int flags; /* BY_DIR */
	const char *path; /* all but BY_FD */
	char *const *argv;
	char *const *envp;
};

/* What a call needs beside the stack. */
struct work {
	char name[PATH_MAX]; /* of what it executes */
	struct exe_room exe;
	size_t size; /* of envp */
	_Alignas(char *) char envp[];
};

/* NULL with errno. */
static struct work *
begin(const struct call *c)
{
	size_t size = childenv_room(attach_child_env(), c->envp);
	struct work *w = scratch_take(sizeof(*w) + size);

	if (w != NULL)
		w->size = size;
	return w;
}

static int
make(const struct call *c, char *const envp[])
{
	switch (c->how) {
	case BY_PATH:
		return real()->execve(c->path, c->argv, envp);
	case BY_SEARCH:
		return real()->execvpe(c->path, c->argv, envp);
	case BY_FD:
		return real()->fexecve(c->fd, c->argv, envp);
	case BY_DIR:
		break;
	}
	return (int)sys_call(SYS_execveat, c->fd, (long)c->path, (long)c->argv,
	    (long)envp, c->flags, 0);
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
static struct exe
aim(const struct lease_ctx *ctx, const struct call *c, struct work *w)
{
	char *name = w->name;
	const char *path = c->path;
	struct exe target;

	if (c->how == BY_SEARCH)
		path = exe_search(path, name);
	if (c->how == BY_FD)
		path = "";
	if (c->how == BY_FD || c->how == BY_DIR)
		target = exe_of(c->fd, path,
		    c->how == BY_FD ? AT_EMPTY_PATH : c->flags, &w->exe);
	else
		target = exe_of(AT_FDCWD, path, 0, &w->exe);
	target.flags = trapped(ctx, target.flags);
	if (path != name)
		name[0] = '\0';
	if (target.found && path[0] == '\0')
		exe_path(c->fd, name);
	else if (target.found && path != name && strlen(path) < PATH_MAX)
		memcpy(name, path, strlen(path) + 1);
	return target;
}

/* Record an image for a program that is about to run, or does so already. */
static void
note_image(const struct lease_ctx *ctx, const struct exe *target,
    const char *name, struct image *image)
{
	image->flags = target->flags;
	procid_set_path(image, name);
	(void)record_image(ctx->record, image);
	if (image_uncovered(target->flags))
		record_count(&ctx->record->counts.uncovered);
}

/* Before an exec: afterwards, the shim may not be in the process. */
static void
exec_note_begin(const struct lease_ctx *ctx, const struct exe *target,
    const char *name, struct image *old)
{
	struct image image;

	if (ctx->record == NULL || !target->found)
		return;
	procid_before_exec(ctx->record, ctx->self, old);
	image = *old;
	note_image(ctx, target, name, &image);
}

/* The exec has failed. */
static void
exec_note_undo(const struct lease_ctx *ctx, const struct exe *target,
    const struct image *old)
{
	if (ctx->record == NULL || !target->found)
		return;
	(void)record_image(ctx->record, old);
	if (image_uncovered(target->flags))
		atomic_fetch_sub(&ctx->record->counts.uncovered, 1);
}

/* Is the environment of this call to be left as it is? */
static bool
passes(const struct lease_ctx *ctx, const struct call *c)
{
	return ctx == NULL || !childenv_readable(c->envp) ||
	       childenv_other(attach_child_env(), c->envp);
}

/* Returns only on failure. */
static int
do_exec(const struct call *c)
{
	const struct lease_ctx *ctx = lease_ctx();
	struct image old;
	struct exe target;
	struct work *w;
	int rc;

	if (passes(ctx, c))
		return make(c, c->envp);
	w = begin(c);
	if (w == NULL)
		return -1;
	target = aim(ctx, c, w);
	exec_note_begin(ctx, &target, w->name, &old);
	rc = make(c, childenv_fill(attach_child_env(), c->envp, &target,
			 w->envp, w->size));
	exec_note_undo(ctx, &target, &old);
	scratch_give(w);
	return rc;
}

EXPORT int
execve(const char *path, char *const argv[], char *const envp[])
{
	return do_exec(&(struct call){
	    .how = BY_PATH, .path = path, .argv = argv, .envp = envp });
}

EXPORT int
execv(const char *path, char *const argv[])
{
	return do_exec(&(struct call){
	    .how = BY_PATH, .path = path, .argv = argv, .envp = environ });
}

EXPORT int
execvpe(const char *file, char *const argv[], char *const envp[])
{
	return do_exec(&(struct call){
	    .how = BY_SEARCH, .path = file, .argv = argv, .envp = envp });
}

EXPORT int
execvp(const char *file, char *const argv[])
{
	return do_exec(&(struct call){
	    .how = BY_SEARCH, .path = file, .argv = argv, .envp = environ });
}

EXPORT int
fexecve(int fd, char *const argv[], char *const envp[])
{
	return do_exec(&(struct call){
	    .how = BY_FD, .fd = fd, .argv = argv, .envp = envp });
}

EXPORT int
execveat(
    int fd, const char *path, char *const argv[], char *const envp[], int flags)
{
	return do_exec(&(struct call){ .how = BY_DIR,
	    .fd = fd,
	    .flags = flags,
	    .path = path,
	    .argv = argv,
	    .envp = envp });
}

/* Arguments in a list, up to and with its NULL. */
static size_t
count(va_list list)
{
	size_t n = 1;

	while (va_arg(list, char *) != NULL)
		n++;
	return n + 1;
}

static void
collect(char **argv, size_t n, const char *first, va_list list)
{
	memcpy(argv, &first, sizeof(first));
	for (size_t i = 1; i < n; i++)
		argv[i] = va_arg(list, char *);
}

/* The list is on the stack of the caller, and on ours once more, as libc's. */
static int
exec_listed(struct call *c, const char *first, bool with_env, va_list list)
{
	va_list again;
	size_t n;
	char **argv;
	int rc;

	va_copy(again, list);
	n = first == NULL ? 1 : count(again);
	va_end(again);
	argv = __builtin_alloca((n + 1) * sizeof(*argv));
	collect(argv, n, first, list);
	c->argv = argv;
	c->envp = with_env ? va_arg(list, char **) : environ;
	rc = do_exec(c);
	c->argv = NULL;
	return rc;
}

/* name(path, arg, ..., NULL), and an environment if with_env. */
#define EXEC_LISTED(name, by, with_env)                                        \
	EXPORT int name(const char *path, const char *arg, ...)                \
	{                                                                      \
		struct call c = { .how = (by), .path = path };                 \
		va_list list;                                                  \
		int rc;                                                        \
                                                                               \
		va_start(list, arg);                                           \
		rc = exec_listed(&c, arg, with_env, list);                     \
		va_end(list);                                                  \
		return rc;                                                     \
	}

EXEC_LISTED(execl, BY_PATH, false)
EXEC_LISTED(execlp, BY_SEARCH, false)
EXEC_LISTED(execle, BY_PATH, true)

/* The process of a pidfd, as fdinfo has it (proc(5)); 0 unknown. */
static pid_t
pid_of(int pidfd)
{
	char text[512], path[40];
	struct strbuf t = strbuf_in(path, sizeof(path));
	const char *line = text;
	pid_t pid = 0;
	ssize_t n;
	int fd;

	strbuf_add(&t, "/proc/self/fdinfo/");
	strbuf_number(&t, (uint32_t)pidfd, 10);
	(void)strbuf_end(&t); /* which fits */
	fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return 0;
	n = sys_read(fd, text, sizeof(text) - 1);
	sys_close(fd);
	text[n > 0 ? n : 0] = '\0';
	while (line != NULL && strncmp(line, "\nPid:\t", 6) != 0)
		line = strchr(line + 1, '\n');
	for (line = line != NULL ? line + 6 : ""; *line >= '0' && *line <= '9';)
		pid = pid * 10 + *line++ - '0';
	return pid;
}

/* A child that the shim cannot enter does not write its own image. */
static void
note_child(const struct lease_ctx *ctx, const struct exe *target,
    const char *name, pid_t pid)
{
	struct image image;

	if (ctx->record == NULL || !(target->flags & IMAGE_UNCOVERED))
		return;
	procid_before_exec(ctx->record, ctx->self, &image);
	image.pid = pid;
	image.start = procid_start(pid);
	note_image(ctx, target, name, &image);
}

typedef __typeof__(posix_spawn) spawner;

/*
 * posix_spawn and posix_spawnp differ in the search alone; pidfd_spawn and
 * pidfd_spawnp give a descriptor.
 */
static int
spawn(spawner *make_child, pid_t *pid, bool by_pidfd, const struct call *c,
    const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr)
{
	const struct lease_ctx *ctx = lease_ctx();
	struct exe target;
	struct work *w;
	pid_t child = 0;
	int rc;

	if (passes(ctx, c))
		return make_child(
		    pid, c->path, actions, attr, c->argv, c->envp);
	w = begin(c);
	if (w == NULL)
		return ENOMEM;
	target = aim(ctx, c, w);
	rc = make_child(&child, c->path, actions, attr, c->argv,
	    childenv_fill(
		attach_child_env(), c->envp, &target, w->envp, w->size));
	if (rc == 0 && pid != NULL)
		*pid = child;
	if (rc == 0)
		note_child(
		    ctx, &target, w->name, by_pidfd ? pid_of(child) : child);
	scratch_give(w);
	return rc;
}

/* name(pid, path, actions, attr, argv, envp), of a pidfd or not. */
#define SPAWN(name, by, by_pidfd)                                              \
	EXPORT int name(int *restrict pid, const char *restrict path,          \
	    const posix_spawn_file_actions_t *restrict actions,                \
	    const posix_spawnattr_t *restrict attr,                            \
	    char *const argv[restrict], char *const envp[restrict])            \
	{                                                                      \
		if (real()->name == NULL)                                      \
			return ENOSYS;                                         \
		return spawn(real()->name, pid, by_pidfd,                      \
		    &(struct call){ .how = (by),                               \
			.path = path,                                          \
			.argv = argv,                                          \
			.envp = envp },                                        \
		    actions, attr);                                            \
	}

SPAWN(posix_spawn, BY_PATH, false)
SPAWN(posix_spawnp, BY_SEARCH, false)
SPAWN(pidfd_spawn, BY_PATH, true)
SPAWN(pidfd_spawnp, BY_SEARCH, true)
