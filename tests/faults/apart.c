/* SPDX-License-Identifier: ISC */
/* caller --- stand-in, which unshares --- init of the namespace --- worker */
#include "apart.h"
#include "tests/arena/arena.h"

#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { REFUSED = 77 /* exit status: no namespace */ };

/* A child that dies with us. */
static pid_t
split(void)
{
	pid_t pid = fork();

	if (pid == -1)
		err(1, "fork");
	if (pid == 0)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* End as a child does, and reap all others meanwhile. */
static _Noreturn void
end_as(pid_t child)
{
	int status;
	pid_t one;

	do {
		one = wait(&status);
	} while (one != child && (one != -1 || errno == EINTR));
	_exit(one == child && WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

/* In the stand-in: returns only in the process that goes on. */
static void
leave(void)
{
	pid_t pid;

	if (!arena_unshare(CLONE_NEWPID | CLONE_NEWNS))
		_exit(REFUSED);
	pid = split();
	if (pid > 0)
		end_as(pid);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("proc", "/proc", "proc", 0, NULL) == -1)
		_exit(REFUSED);
	pid = split();
	if (pid > 0)
		end_as(pid);
}

void
apart_enter(void)
{
	pid_t pid;
	int status;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	pid = split();
	if (pid == 0) {
		leave();
		return;
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		_exit(1);
	if (WEXITSTATUS(status) != REFUSED)
		_exit(WEXITSTATUS(status));
}
