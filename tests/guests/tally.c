/* SPDX-License-Identifier: ISC */
/*
 * Prints the name of every signal that reaches it and does nothing else about
 * it, so that a test can count them.  The line "quit" on stdin ends it.
 */
#include <sys/signalfd.h>

#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int counted[] = { SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2,
	SIGTERM, SIGCONT, SIGWINCH };

static int
signals(void)
{
	sigset_t set;
	size_t i;
	int fd;

	sigemptyset(&set);
	for (i = 0; i < sizeof(counted) / sizeof(*counted); i++)
		sigaddset(&set, counted[i]);
	sigprocmask(SIG_SETMASK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd == -1)
		err(1, "signalfd");
	return fd;
}

static void
report(int fd)
{
	struct signalfd_siginfo si;

	if (read(fd, &si, sizeof(si)) != sizeof(si))
		err(1, "signalfd");
	printf("got %s\n", sigabbrev_np((int)si.ssi_signo));
	fflush(stdout);
}

/* Whether stdin may have more to say. */
static int
hear(void)
{
	char line[64];
	ssize_t n = read(0, line, sizeof(line) - 1);

	if (n <= 0)
		return 0;
	line[n] = '\0';
	if (strstr(line, "quit") != NULL)
		exit(0);
	return 1;
}

int
main(void)
{
	struct pollfd fds[] = {
		{ .fd = signals(), .events = POLLIN },
		{ .fd = 0, .events = POLLIN },
	};

	printf("ready pid %d\n", (int)getpid());
	fflush(stdout);
	for (;;) {
		if (poll(fds, 2, -1) == -1)
			err(1, "poll");
		if (fds[0].revents != 0)
			report(fds[0].fd);
		else if (fds[1].revents != 0 && !hear())
			fds[1].fd = -1;
	}
}
