/* SPDX-License-Identifier: ISC */
/* Other leases come and go all the time: their reports end no wait here. */
#include "kernel/sockwatch.h"
#include "base/clock.h"
#include "base/fail.h"
#include "kernel/addrlock.h"
#include "kernel/netlink.h"

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <poll.h>

enum { BATCH = 256 /* datagrams per sockwatch_read */ };

static const int groups[] = { SKNLGRP_INET_TCP_DESTROY,
	SKNLGRP_INET6_TCP_DESTROY, SKNLGRP_INET_UDP_DESTROY,
	SKNLGRP_INET6_UDP_DESTROY };

enum { TCP_GROUPS = 2, ALL_GROUPS = 4 };

/* A descriptor that gets the reports of the first n groups. */
static int
subscribe(size_t n)
{
	int fd = netlink_open(SOCK_NONBLOCK);

	for (size_t i = 0; fd != -1 && i < n; i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
			&groups[i], sizeof(groups[i])) == -1)
			fd = close_quietly(fd);
	return fd;
}

int
sockwatch_open(void)
{
	return subscribe(TCP_GROUPS);
}

int
sockwatch_open_all(void)
{
	return subscribe(ALL_GROUPS);
}

int
sockwatch_read(int watch, struct sockets *gone)
{
	_Alignas(8) char buf[8192];
	int rc = 0;
	ssize_t n;

	for (int i = 0; rc == 0 && i < BATCH; i++) {
		n = netlink_receive(watch, buf, sizeof(buf));
		if (n == -1)
			return errno == EAGAIN ? 0 : -1;
		rc = sockdiag_collect(buf, (size_t)n, gone);
	}
	return rc;
}

/* Read the reports.  Does one of them, or that some were lost, concern t? */
static bool
concerned(int watch, const struct terms *t)
{
	struct sockets gone = { 0 };
	bool yes = sockwatch_read(watch, &gone) == -1;

	for (size_t i = 0; i < gone.n && !yes; i++)
		yes = slice_contains(t, &gone.list[i].local) ||
		      sockdiag_within(
			  &gone.list[i].local, addrlock_address(t->leased), 32);
	sockets_free(&gone);
	return yes;
}

void
sockwatch_wait(int watch, int wake, const struct terms *t, int64_t ms)
{
	struct pollfd pfds[] = { { .fd = watch, .events = POLLIN },
		{ .fd = wake, .events = POLLIN } };
	int64_t end = clock_ms() + ms;

	while (ms > 0 && poll(pfds, 2, (int)ms) == 1 && pfds[1].revents == 0 &&
	       !concerned(watch, t))
		ms = end - clock_ms();
}
