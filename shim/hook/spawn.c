/* SPDX-License-Identifier: ISC */
/*
 * The exported spawn calls: libc's own, with the lease in the environment of
 * the child.
 */
#include "hook/program.h"
#include "hook/real.h"
#include "hook/scratch.h"
#include "lease/strbuf.h"
#include "lease/sys.h"
#include "sock/procid.h"

#include <string.h>

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
note_child(const struct lease_ctx *ctx, const struct program *p, pid_t pid)
{
	struct image image;

	procid_before_exec(ctx->record, ctx->self, &image);
	if (pid == 0)
		return;
	image.pid = pid;
	image.start = procid_start(pid);
	program_note(ctx, p, &image);
}

/* pidfd_spawn gives a descriptor for a pid. */
typedef __typeof__(posix_spawn) spawner;

static int
spawn(spawner *make_child, pid_t *pid, bool by_pidfd, const struct execcall *c,
    const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr)
{
	const struct lease_ctx *ctx = lease_ctx();
	struct program *p;
	pid_t child = 0;
	int rc;

	if (program_passes(ctx, c))
		return make_child(
		    pid, c->path, actions, attr, c->argv, c->envp);
	p = program_of(ctx, c);
	if (p == NULL)
		return ENOMEM;
	rc = make_child(&child, c->path, actions, attr, c->argv, p->envp);
	if (rc == 0 && pid != NULL)
		*pid = child;
	if (rc == 0 && ctx->record != NULL && p->exe.flags & IMAGE_UNCOVERED)
		note_child(ctx, p, by_pidfd ? pid_of(child) : child);
	scratch_give(p);
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
		    &(struct execcall){ .how = (by),                           \
			.path = path,                                          \
			.argv = argv,                                          \
			.envp = envp },                                        \
		    actions, attr);                                            \
	}

SPAWN(posix_spawn, BY_PATH, false)
SPAWN(posix_spawnp, BY_SEARCH, false)
SPAWN(pidfd_spawn, BY_PATH, true)
SPAWN(pidfd_spawnp, BY_SEARCH, true)
