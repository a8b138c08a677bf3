/* SPDX-License-Identifier: ISC */
/*
 * The descriptors are those of the monitor's loop, which runs later: while an
 * address is waited for, there is no command yet that could be asked to end.
 */
#include "claim/cancel.h"
#include "base/ipc.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Their default action ends no process: see signal(7). */
static const int harmless[] = { SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN,
	SIGTTOU, SIGURG, SIGWINCH };

bool
cancel_ends(int sig, int ending)
{
	struct sigaction action;

	if (sig == ending)
		return true;
	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
		if (sig == harmless[i])
			return false;
	return sig != 0 && (sigaction(sig, NULL, &action) == -1 ||
			       action.sa_handler != SIG_IGN);
}

int
cancel_watch(struct cancel *c)
{
	const int fds[] = { c->control, c->signals, c->owner };
	struct epoll_event event = { .events = EPOLLIN };

	c->fd = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; c->fd != -1 && i < 3; i++)
		if (fds[i] != -1 &&
		    epoll_ctl(c->fd, EPOLL_CTL_ADD, fds[i], &event) == -1)
			cancel_close(c);
	return c->fd == -1 ? -1 : 0;
}

/* Signals that the front passes on; true also when the front is gone. */
static bool
front_cancels(struct cancel *c)
{
	struct ipc_signal in;
	ssize_t n;

	for (;;) {
		n = recv(c->control, &in, sizeof(in), MSG_DONTWAIT);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return false;
		if (n != (ssize_t)sizeof(in))
			return true;
		if (cancel_ends(in.sig, c->ending)) {
			c->sig = in.sig;
			return true;
		}
	}
}

bool
cancel_asked(struct cancel *c)
{
	struct pollfd owner = { .fd = c->owner, .events = POLLIN };
	struct signalfd_siginfo info;

	if (front_cancels(c) || poll(&owner, 1, 0) == 1)
		return true;
	while (read(c->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		c->sig = SIGTERM;
		return true;
	}
	return false;
}

void
cancel_close(struct cancel *c)
{
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
}
