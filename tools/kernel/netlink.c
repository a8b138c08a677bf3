/* SPDX-License-Identifier: ISC */
/* The kernel is port 0; any process may send to us from another. */
#include "kernel/netlink.h"
#include "base/fail.h"

#include <linux/netlink.h>
#include <sys/socket.h>

int
netlink_open(int flags)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	int fd = socket(
	    AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_SOCK_DIAG);

	if (fd != -1 && bind(fd, (struct sockaddr *)&self, sizeof(self)) == -1)
		return close_quietly(fd);
	return fd;
}

ssize_t
netlink_receive(int fd, void *buf, size_t size)
{
	struct sockaddr_nl from = { 0 };
	socklen_t len;
	ssize_t n;

	do {
		len = sizeof(from);
		n = recvfrom(
		    fd, buf, size, MSG_TRUNC, (struct sockaddr *)&from, &len);
	} while ((n < 0 && errno == EINTR) ||
		 (n >= 0 && (len != sizeof(from) || from.nl_pid != 0)));
	return n <= (ssize_t)size ? n : fail(EBADMSG);
}
