/* SPDX-License-Identifier: ISC */
/*
 * With SO_REUSEADDR a TCP bind is refused by a listener, but not by closed
 * connections in TIME_WAIT; without it, by everything.  A UDP bind with it
 * would share the port.
 */
#include "sock/portprobe.h"

#include "lease/errno.h"
#include "lease/sys.h"
#include "sock/bypass.h"
#include "sock/sockopt.h"

static bool
refused(int fd, const struct endpoint *ep, bool unsure)
{
	struct endpoint ip4 = endpoint_of(AF_INET, endpoint_ip4(ep), ep->port);
	struct sockaddr_in in;
	socklen_t len = endpoint_write(&ip4, &in, sizeof(in));

	if (bypass_bind(fd, (struct sockaddr *)&in, len) == 0)
		return false;
	return errno == EADDRINUSE || unsure;
}

static bool
try_bind(const struct endpoint *ep, uint8_t protocol, bool reuse, bool unsure)
{
	int type = protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
	bool rc;
	int fd;
	KEEP_ERRNO;

	fd = sys_socket(AF_INET, type | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return unsure;
	if (reuse)
		(void)sockopt_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	rc = refused(fd, ep, unsure);
	sys_close(fd);
	return rc;
}

bool
portprobe_taken(const struct endpoint *ep, uint8_t protocol, bool unsure)
{
	return try_bind(ep, protocol, protocol == IPPROTO_TCP, unsure);
}

bool
portprobe_binding(const struct sockcall *call)
{
	return !IN6_IS_ADDR_V4MAPPED(&call->given.addr) ||
	       try_bind(&call->given, call->protocol, false, true);
}
