/* SPDX-License-Identifier: ISC */
/*
 * One system call per question; who asks has weighed what it costs.
 */
#include "sock/sockopt.h"

#include "sock/libc.h"

#include <errno.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

bool
sockopt_get(int fd, int level, int option, int *value)
{
	socklen_t len = sizeof(*value);
	int keep = errno, rc;

	rc = real()->getsockopt(fd, level, option, value, &len);
	errno = keep;
	return rc == 0 && len == sizeof(*value);
}

bool
sockopt_set(int fd, int level, int option, int value)
{
	int keep = errno, rc;

	rc = real()->setsockopt(fd, level, option, &value, sizeof(value));
	errno = keep;
	return rc == 0;
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
	int keep = errno;

	if (real()->getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) != 0)
		cookie = 0;
	errno = keep;
	return cookie;
}

/* getsockname and getpeername are of one type. */
static bool
ask_end(int fd, struct endpoint *ep, __typeof__(getsockname) *call)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int keep = errno, rc;

	rc = call(fd, (struct sockaddr *)&ss, &len);
	errno = keep;
	return rc == 0 && endpoint_read(ep, (struct sockaddr *)&ss, len);
}

bool
sockopt_local(int fd, struct endpoint *ep)
{
	return ask_end(fd, ep, real()->getsockname);
}

bool
sockopt_peer(int fd, struct endpoint *ep)
{
	return ask_end(fd, ep, real()->getpeername);
}

bool
sockopt_connected(int fd)
{
	struct sockaddr none;
	socklen_t len = 0;
	int keep = errno, rc;

	rc = real()->getpeername(fd, &none, &len);
	errno = keep;
	return rc == 0;
}
