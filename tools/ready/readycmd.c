/* SPDX-License-Identifier: ISC */
/*
 * A run is a child in a process group of its own, with /dev/null as stdin and
 * a pipe as stdout and stderr.
 */
#include "ready/readycmd.h"
#include "base/clock.h"
#include "store/enter.h"

#include <fcntl.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAUSE_FIRST = 100, PAUSE_LONGEST = 5000 }; /* milliseconds */

static _Noreturn void
exec_command(const struct readycmd *c, int out)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct ipc_start start = *c->start;
	sigset_t none;

	(void)setpgid(0, 0);
	(void)dup2(null, 0);
	(void)dup2(out, 1);
	(void)dup2(out, 2);
	if (c->cwd != NULL && chdir(c->cwd) == -1)
		_exit(EXIT_PORTLEASE);
	if (c->env != NULL)
		environ = (char **)(uintptr_t)c->env;
	start.notify[0] = '\0';
	if (enter_lease(&start) == -1)
		_exit(EXIT_PORTLEASE);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	execl("/bin/sh", "sh", "-c", c->command, (char *)NULL);
	_exit(EXIT_NOT_FOUND);
}

int
readycmd_start(struct readycmd *c)
{
	int pipes[2];

	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) == -1)
		return -1;
	/* Only our end is non-blocking. */
	(void)fcntl(pipes[1], F_SETFL, 0);
	c->pid = fork();
	if (c->pid == 0)
		exec_command(c, pipes[1]);
	close(pipes[1]);
	c->out = pipes[0];
	c->pidfd = c->pid == -1 ? -1 : pidfd_open(c->pid, 0);
	if (c->pidfd == -1) {
		close(c->out);
		c->pid = 0;
		return -1;
	}
	c->runs++;
	c->saying = (struct tail){ 0 };
	return 0;
}

static void
close_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

/* A closed pipe is readable for ever, and the run may go on without it. */
void
readycmd_read(struct readycmd *c)
{
	if (tail_read(&c->saying, c->out))
		close_fd(&c->out);
}

static void
on_end(struct readycmd *c, const siginfo_t *info)
{
	bool exited = info->si_code == CLD_EXITED;

	readycmd_read(c);
	close_fd(&c->out);
	close_fd(&c->pidfd);
	c->pid = 0;
	c->ends++;
	c->said = c->saying;
	c->status = exited ? info->si_status : 128 + info->si_status;
	c->passed = c->status == 0;
	c->missing = c->status == EXIT_NOT_FOUND;
	c->pause = c->pause == 0                  ? PAUSE_FIRST
		   : c->pause < PAUSE_LONGEST / 2 ? c->pause * 2
						  : PAUSE_LONGEST;
	c->next = clock_ms() + c->pause;
}

bool
readycmd_reaped(struct readycmd *c, pid_t pid, const siginfo_t *info)
{
	if (c->pid == 0 || c->pid != pid)
		return false;
	on_end(c, info);
	return true;
}

bool
readycmd_reap(struct readycmd *c)
{
	siginfo_t info = { 0 };

	if (c->pid == 0 ||
	    waitid(P_PIDFD, (id_t)c->pidfd, &info, WEXITED | WNOHANG) == -1 ||
	    info.si_pid == 0)
		return false;
	on_end(c, &info);
	return true;
}

const struct tail *
readycmd_said(const struct readycmd *c)
{
	return c->ends > 0 ? &c->said : &c->saying;
}

/* It has not been reaped, so its pid is still its own. */
void
readycmd_end(struct readycmd *c)
{
	if (c->pid == 0)
		return;
	(void)kill(-c->pid, SIGKILL);
	(void)kill(c->pid, SIGKILL); /* it may not lead its group yet */
	close_fd(&c->out);
	close_fd(&c->pidfd);
	c->pid = 0;
}
