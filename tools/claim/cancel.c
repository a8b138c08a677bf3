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

static bool
ignored(int sig)
{
	struct sigaction action;

	return sigaction(sig, NULL, &action) == 0 &&
	       action.sa_handler == SIG_IGN;
}

bool
cancel_ends(int sig, int ending)
{
	if (sig == ending)
		return true;
	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
		if (sig == harmless[i])
			return false;
	return sig != 0 && !ignored(sig);
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

static bool
monitor_signalled(const struct cancel *c)
{
	struct signalfd_siginfo info;

	while (read(c->signals, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			return true;
	return false;
}

static bool
owner_gone(const struct cancel *c)
{
	struct pollfd pfd = { .fd = c->owner, .events = POLLIN };

	return c->owner != -1 && poll(&pfd, 1, 0) == 1;
}

bool
cancel_asked(struct cancel *c)
{
	if (front_cancels(c) || owner_gone(c))
		return true;
	if (!monitor_signalled(c))
		return false;
	c->sig = SIGTERM;
	return true;
}

void
cancel_close(struct cancel *c)
{
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
}
