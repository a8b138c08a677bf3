/* SPDX-License-Identifier: ISC */
/*
 * Starts the commands of a story, with pipes or a terminal, and talks to them.
 * They die with the test, and inherit no signal disposition from the shell that
 * started the suite.
 */
#include "stage.h"
#include "story.h"

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* nohup(1), a shell in the background and Criterion leave signals ignored. */
static void
default_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child, between fork and exec. */
static void
become(const char *const argv[], const int fds[3], bool terminal)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	default_signals();
	if (terminal) {
		setsid();
		ioctl(fds[0], TIOCSCTTY, 0);
	} else {
		setpgid(0, 0);
	}
	dup2(fds[0], 0);
	dup2(fds[1], 1);
	dup2(fds[2], 2);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static struct run *
begin(const char *const argv[], const int theirs[3], bool terminal)
{
	struct run *r = &stage.runs[stage.nruns];

	cr_assert_lt(stage.nruns, RUNS);
	r->pid = fork();
	cr_assert_neq(r->pid, -1);
	if (r->pid == 0)
		become(argv, theirs, terminal);
	if (!terminal)
		setpgid(r->pid, r->pid); /* whoever of the two is faster */
	r->pidfd = (int)syscall(SYS_pidfd_open, r->pid, 0);
	cr_assert_neq(r->pidfd, -1);
	r->out = calloc(1, 1);
	r->err = calloc(1, 1);
	stage.heard[stage.nruns][0] = r->out;
	stage.heard[stage.nruns][1] = r->err;
	stage.nruns++;
	return r;
}

static void
unblock(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

struct run *
story_start(const char *const argv[])
{
	struct run *r;
	int in[2], out[2], err[2];

	cr_assert_eq(pipe2(in, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(err, O_CLOEXEC), 0);
	r = begin(argv, (const int[]){ in[0], out[1], err[1] }, false);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	r->in = in[1];
	r->fd[0] = out[0];
	r->fd[1] = err[0];
	unblock(out[0]);
	unblock(err[0]);
	return r;
}

struct run *
story_terminal(const char *const argv[])
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios mode;
	struct run *r;
	int tty;

	cr_assert_neq(master, -1);
	cr_assert_eq(grantpt(master), 0);
	cr_assert_eq(unlockpt(master), 0);
	tty = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	cr_assert_neq(tty, -1);
	tcgetattr(tty, &mode);
	mode.c_lflag &= (tcflag_t)~ECHO;
	tcsetattr(tty, TCSANOW, &mode);
	r = begin(argv, (const int[]){ tty, tty, tty }, true);
	close(tty);
	r->in = fcntl(master, F_DUPFD_CLOEXEC, 0);
	r->fd[0] = master;
	r->fd[1] = -1;
	unblock(master);
	return r;
}

struct run *
story_run(const char *const argv[])
{
	struct run *r = story_start(argv);

	close(r->in);
	r->in = -1;
	story_end(r);
	return r;
}

void
story_tell(struct run *r, const char *line)
{
	size_t len = strlen(line);

	cr_assert_eq(write(r->in, line, len), (ssize_t)len);
}

void
story_signal_pid(pid_t pid, int sig)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	cr_assert_neq(fd, -1, "pid %d: %s", (int)pid, strerror(errno));
	cr_expect_eq(syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0), 0);
	close(fd);
}

void
story_signal(const struct run *r, int sig)
{
	cr_expect_eq(syscall(SYS_pidfd_send_signal, r->pidfd, sig, NULL, 0), 0,
	    "signal %d to pid %d: %s", sig, (int)r->pid, strerror(errno));
}

void
story_signal_group(const struct run *r, int sig)
{
	cr_assert_not(r->ended); /* or the number may be somebody else's */
	cr_expect_eq(killpg(r->pid, sig), 0);
}

void
story_hang_up(struct run *r)
{
	close(r->in);
	close(r->fd[0]);
	r->in = -1;
	r->fd[0] = -1;
}
