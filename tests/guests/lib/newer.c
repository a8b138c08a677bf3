/* SPDX-License-Identifier: ISC */
/*
 * pidfd_spawn and pidfd_spawnp for a libc that is older than they are (glibc
 * 2.39); libc's own start the program without any call that can be hooked,
 * and so do these.
 */
#include <sys/syscall.h>

#include <errno.h>
#include <spawn.h>
#include <unistd.h>

typedef int spawner(int *restrict pidfd, const char *restrict path,
    const posix_spawn_file_actions_t *restrict actions,
    const posix_spawnattr_t *restrict attr, char *const argv[restrict],
    char *const envp[restrict]);

spawner pidfd_spawn, pidfd_spawnp;

int
pidfd_spawn(int *restrict pidfd, const char *restrict path,
    const posix_spawn_file_actions_t *restrict actions,
    const posix_spawnattr_t *restrict attr, char *const argv[restrict],
    char *const envp[restrict])
{
	pid_t pid = fork();

	(void)actions;
	(void)attr;
	if (pid == 0) {
		(void)syscall(SYS_execve, path, argv, envp);
		_exit(127);
	}
	*pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return *pidfd == -1 ? errno : 0;
}

/* Every path of the guest has a slash. */
int
pidfd_spawnp(int *restrict pidfd, const char *restrict file,
    const posix_spawn_file_actions_t *restrict actions,
    const posix_spawnattr_t *restrict attr, char *const argv[restrict],
    char *const envp[restrict])
{
	return pidfd_spawn(pidfd, file, actions, attr, argv, envp);
}
