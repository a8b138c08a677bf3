/* SPDX-License-Identifier: ISC */
/*
 * A run is a child in a group of its own, with /dev/null to read from and a
 * pipe to talk into, of which the end is kept.
 */
#include "ready/readycmd.h"
#include "base/clock.h"
#include "kernel/procfs.h"
#include "store/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAUSE_FIRST = 100, PAUSE_LONGEST = 5000 }; /* milliseconds */

static _Noreturn void
become(const struct readycmd *p, int out)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct ipc_start go = *p->go;
	sigset_t none;

	(void)setpgid(0, 0);
	(void)dup2(null, 0);
	(void)dup2(out, 1);
	(void)dup2(out, 2);
	if (p->cwd != NULL && chdir(p->cwd) == -1)
		_exit(EXIT_PORTLEASE);
	if (p->env != NULL)
		environ = (char **)(uintptr_t)p->env;
	go.notify[0] = '\0';
	if (enter_lease(&go) == -1)
		_exit(EXIT_PORTLEASE);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	execl("/bin/sh", "sh", "-c", p->command, (char *)NULL);
	_exit(EXIT_NOT_FOUND);
}

int
readycmd_start(struct readycmd *p)
{
	int pipes[2];

	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) == -1)
		return -1;
	/* Only our end may be without patience. */
	(void)fcntl(pipes[1], F_SETFL, 0);
	p->pid = fork();
	if (p->pid == 0)
		become(p, pipes[1]);
	close(pipes[1]);
	p->out = pipes[0];
	p->pidfd = p->pid == -1 ? -1 : pidfd_open(p->pid, 0);
	if (p->pidfd == -1) {
		close(p->out);
		p->pid = 0;
		return -1;
	}
	p->runs++;
	p->saying = (struct tail){ 0 };
	return 0;
}

static void
shut(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

/* It may go on without a voice; an end would be readable for ever. */
void
readycmd_read(struct readycmd *p)
{
	if (tail_read(&p->saying, p->out))
		shut(&p->out);
}

static void
ended(struct readycmd *p, const siginfo_t *info)
{
	bool exited = info->si_code == CLD_EXITED;

	readycmd_read(p);
	shut(&p->out);
	shut(&p->pidfd);
	p->pid = 0;
	p->ends++;
	p->said = p->saying;
	p->status = exited ? info->si_status : 128 + info->si_status;
	p->passed = p->status == 0;
	p->missing = p->status == EXIT_NOT_FOUND;
	p->pause = p->pause == 0                  ? PAUSE_FIRST
		   : p->pause < PAUSE_LONGEST / 2 ? p->pause * 2
						  : PAUSE_LONGEST;
	p->next = clock_ms() + p->pause;
}

bool
readycmd_reaped(struct readycmd *p, pid_t pid, const siginfo_t *info)
{
	if (p->pid == 0 || p->pid != pid)
		return false;
	ended(p, info);
	return true;
}

bool
readycmd_reap(struct readycmd *p)
{
	siginfo_t info = { 0 };

	if (p->pid == 0 ||
	    waitid(P_PIDFD, (id_t)p->pidfd, &info, WEXITED | WNOHANG) == -1 ||
	    info.si_pid == 0)
		return false;
	ended(p, &info);
	return true;
}

const struct tail *
readycmd_said(const struct readycmd *p)
{
	return p->ends > 0 ? &p->said : &p->saying;
}

/* Not reaped yet, so that its number is still its own. */
void
readycmd_end(struct readycmd *p)
{
	if (p->pid == 0)
		return;
	(void)kill(-p->pid, SIGKILL);
	(void)kill(p->pid, SIGKILL); /* it may not lead its group yet */
	shut(&p->out);
	shut(&p->pidfd);
	p->pid = 0;
}
