/* SPDX-License-Identifier: ISC */
/*
 * With SO_REUSEADDR a TCP bind is refused by a listener and not by what the
 * last one left behind; without it, by everything.  UDP would co-bind.
 */
#include "sock/portprobe.h"

#include "sock/libc.h"
#include "sock/sockopt.h"

#include <errno.h>
#include <sys/syscall.h>

static bool
refused(int fd, const struct endpoint *place, bool unsure)
{
	struct endpoint ip4 =
	    endpoint_of(AF_INET, endpoint_ip4(place), place->port);
	struct sockaddr_in in;
	socklen_t len = sizeof(in);

	endpoint_write(&ip4, &in, &len);
	if (real()->bind(fd, (struct sockaddr *)&in, len) == 0)
		return false;
	return errno == EADDRINUSE || unsure;
}

static bool
probe(const struct endpoint *place, uint8_t protocol, bool reuse, bool unsure)
{
	int type = protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
	int keep = errno;
	bool rc;
	long fd = syscall(SYS_socket, AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd == -1) {
		errno = keep;
		return unsure;
	}
	if (reuse)
		(void)sockopt_set((int)fd, SOL_SOCKET, SO_REUSEADDR, 1);
	rc = refused((int)fd, place, unsure);
	(void)syscall(SYS_close, fd);
	errno = keep;
	return rc;
}

bool
portprobe_taken(const struct endpoint *place, uint8_t protocol, bool unsure)
{
	return probe(place, protocol, protocol == IPPROTO_TCP, unsure);
}

bool
portprobe_binding(const struct binding *way)
{
	return !IN6_IS_ADDR_V4MAPPED(&way->given.addr) ||
	       probe(&way->given, way->protocol, false, true);
}
