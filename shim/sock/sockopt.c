/* SPDX-License-Identifier: ISC */
/* One system call each. */
#include "sock/sockopt.h"

#include "lease/errno.h"
#include "lease/sys.h"

bool
sockopt_get(int fd, int level, int option, int *value)
{
	socklen_t len = sizeof(*value);
	KEEP_ERRNO;

	return sys_getsockopt(fd, level, option, value, &len) == 0 &&
	       len == sizeof(*value);
}

bool
sockopt_set(int fd, int level, int option, int value)
{
	KEEP_ERRNO;

	return sys_setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

uint8_t
sockopt_protocol(int fd)
{
	int protocol;

	if (!sockopt_get(fd, SOL_SOCKET, SO_PROTOCOL, &protocol))
		return 0;
	if (protocol == IPPROTO_MPTCP)
		return IPPROTO_TCP;
	if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP)
		return (uint8_t)protocol;
	return 0;
}

uint64_t
sockopt_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	KEEP_ERRNO;

	return sys_getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0
		   ? cookie
		   : 0;
}

static bool
name_of(int fd, struct endpoint *ep, __typeof__(sys_getsockname) *call)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	KEEP_ERRNO;

	return call(fd, (struct sockaddr *)&ss, &len) == 0 &&
	       endpoint_read(ep, (struct sockaddr *)&ss, len);
}

bool
sockopt_local(int fd, struct endpoint *ep)
{
	return name_of(fd, ep, sys_getsockname);
}

bool
sockopt_peer(int fd, struct endpoint *ep)
{
	return name_of(fd, ep, sys_getpeername);
}

bool
sockopt_connected(int fd)
{
	struct sockaddr none;
	socklen_t len = 0;
	KEEP_ERRNO;

	return sys_getpeername(fd, &none, &len) == 0;
}
