/* SPDX-License-Identifier: ISC */
/*
 * Runs a command under a pid that somebody else had before: clone3(2) lets
 * those with CAP_CHECKPOINT_RESTORE choose.  Says "refused" when it may not or
 * the pid has been taken meanwhile, "reused" otherwise.
 *
 * reuse pid command [arg ...]
 */
#include <sys/syscall.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	pid_t pid, wanted;
	int status;

	if (argc < 3)
		errx(2, "usage: reuse pid command [arg ...]");
	wanted = (pid_t)strtol(argv[1], NULL, 10);
	args.set_tid = (uint64_t)(uintptr_t)&wanted;
	args.set_tid_size = 1;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == -1 &&
	    (errno == EPERM || errno == ENOSYS || errno == EEXIST)) {
		puts("refused");
		return 77;
	}
	if (pid == -1)
		err(1, "clone3");
	if (pid == 0) {
		printf("reused %d\n", (int)getpid());
		fflush(stdout);
		execvp(argv[2], argv + 2);
		err(127, "%s", argv[2]);
	}
	(void)waitpid(pid, &status, 0);
	return 0;
}
