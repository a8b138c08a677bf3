/* SPDX-License-Identifier: ISC */
/*
 * Runs a command as a daemon: fork, setsid, fork again, and the one who asked
 * has nothing to wait for: the command starts when both are gone.  Descriptors
 * and signal dispositions are kept.
 *
 * detach command [arg ...]
 */
#include <err.h>
#include <fcntl.h>
#include <unistd.h>

static void
leave(void)
{
	pid_t pid = fork();

	if (pid == -1)
		err(1, "fork");
	if (pid > 0)
		_exit(0);
}

int
main(int argc, char **argv)
{
	int others[2];
	char none;

	if (argc < 2)
		errx(2, "usage: detach command [arg ...]");
	if (pipe2(others, O_CLOEXEC) == -1)
		err(1, "pipe");
	leave();
	setsid();
	leave();
	close(others[1]);
	(void)read(others[0], &none, 1);
	execvp(argv[1], argv + 1);
	err(127, "%s", argv[1]);
}
