/* SPDX-License-Identifier: ISC */
/*
 * The exported exec calls: libc's own, with the lease in the environment of
 * the new image and the image in the record.
 *
 * They may run in a vfork child, inside its parent's memory (vfork(2)):
 * nothing but the stack, scratch memory and the shared record is written, and
 * the pid is asked of the kernel.
 */
#include "hook/program.h"
#include "hook/real.h"
#include "hook/scratch.h"
#include "lease/sys.h"
#include "sock/procid.h"

#include <stdarg.h>
#include <string.h>

static int
make(const struct execcall *c, char *const envp[])
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
	if (real()->execveat != NULL)
		return real()->execveat(
		    c->fd, c->path, c->argv, envp, c->flags);
	return (int)sys_call(SYS_execveat, c->fd, (long)c->path, (long)c->argv,
	    (long)envp, c->flags, 0);
}

/* As the program has made it: the next execv may not be libc's. */
static int
make_same(const struct execcall *c)
{
	if (!c->no_envp)
		return make(c, c->envp);
	return c->how == BY_PATH ? real()->execv(c->path, c->argv)
				 : real()->execvp(c->path, c->argv);
}

/* Before an exec: afterwards, the shim may not be in the process. */
static void
exec_note_begin(
    const struct lease_ctx *ctx, const struct program *p, struct image *old)
{
	struct image image;

	if (ctx->record == NULL || !p->exe.found)
		return;
	procid_before_exec(ctx->record, ctx->self, old);
	image = *old;
	program_note(ctx, p, &image);
}

/* The exec has failed. */
static void
exec_note_undo(const struct lease_ctx *ctx, const struct program *p,
    const struct image *old)
{
	if (ctx->record == NULL || !p->exe.found)
		return;
	(void)record_image(ctx->record, old);
	if (image_uncovered(p->exe.flags))
		atomic_fetch_sub(&ctx->record->counts.uncovered, 1);
}

/* Returns only on failure. */
static int
do_exec(const struct execcall *c)
{
	const struct lease_ctx *ctx = lease_ctx();
	struct image old;
	struct program *p;
	int rc;

	if (program_passes(ctx, c))
		return make_same(c);
	p = program_of(ctx, c);
	if (p == NULL)
		return -1;
	exec_note_begin(ctx, p, &old);
	rc = p->envp == c->envp ? make_same(c) : make(c, p->envp);
	exec_note_undo(ctx, p, &old);
	scratch_give(p);
	return rc;
}

EXPORT int
execve(const char *path, char *const argv[], char *const envp[])
{
	return do_exec(&(struct execcall){
	    .how = BY_PATH, .path = path, .argv = argv, .envp = envp });
}

EXPORT int
execv(const char *path, char *const argv[])
{
	return do_exec(&(struct execcall){ .how = BY_PATH,
	    .path = path,
	    .argv = argv,
	    .envp = environ,
	    .no_envp = true });
}

EXPORT int
execvpe(const char *file, char *const argv[], char *const envp[])
{
	return do_exec(&(struct execcall){
	    .how = BY_SEARCH, .path = file, .argv = argv, .envp = envp });
}

EXPORT int
execvp(const char *file, char *const argv[])
{
	return do_exec(&(struct execcall){ .how = BY_SEARCH,
	    .path = file,
	    .argv = argv,
	    .envp = environ,
	    .no_envp = true });
}

EXPORT int
fexecve(int fd, char *const argv[], char *const envp[])
{
	return do_exec(&(struct execcall){
	    .how = BY_FD, .fd = fd, .argv = argv, .envp = envp });
}

EXPORT int
execveat(
    int fd, const char *path, char *const argv[], char *const envp[], int flags)
{
	return do_exec(&(struct execcall){ .how = BY_DIR,
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
exec_listed(struct execcall *c, const char *first, bool with_env, va_list list)
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
		struct execcall c = { .how = (by), .path = path };             \
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
