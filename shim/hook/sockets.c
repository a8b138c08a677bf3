/* SPDX-License-Identifier: ISC */
/*
 * The exported socket calls: each does what libc's does, on the address that
 * the lease gives, and shows the address that was asked for.
 */
#include "hook/attach.h"
#include "hook/real.h"
#include "sock/reverse.h"
#include "sock/sockname.h"
#include "sock/sockops.h"
#include "sock/sockopt.h"
#include "sock/trace.h"

#include <errno.h>
#include <string.h>

static int
bind_name(
    const struct lease_ctx *a, int fd, const struct sockaddr *sa, socklen_t len)
{
	if (a == NULL)
		return real()->bind(fd, sa, len);
	return sockops_bind(a, fd, sa, len);
}

EXPORT int
bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	return bind_name(lease_ctx(), fd, sa, len);
}

EXPORT int
connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	const struct lease_ctx *a = lease_ctx();

	if (a == NULL)
		return real()->connect(fd, sa, len);
	return sockops_connect(a, fd, sa, len);
}

EXPORT int
listen(int fd, int backlog)
{
	const struct lease_ctx *a = lease_ctx();

	if (a == NULL)
		return real()->listen(fd, backlog);
	return sockops_listen(a, fd, backlog);
}

/* Note who was accepted, and name it as the program knows it. */
static void
welcome(const struct lease_ctx *a, int fd, struct endpoint *peer)
{
	struct sockcall call = { .fd = fd, .protocol = IPPROTO_TCP };

	call.given = *peer;
	reverse_accepted(a, peer);
	call.asked = *peer;
	trace_accepted(a, &call);
}

/* A name that nobody asked for is still asked of the kernel: for the note. */
static int
receive_nameless(const struct lease_ctx *a, int fd, int flags)
{
	struct sockname name = { .len = sizeof(name.ss) };
	struct sockaddr *sa = (struct sockaddr *)&name.ss;
	struct endpoint peer;
	int rc;

	rc = real()->accept4(fd, sa, &name.len, flags);
	if (rc != -1 && endpoint_read(&peer, sa, name.len))
		welcome(a, rc, &peer);
	return rc;
}

/*
 * The end that the kernel has just written into this room, by the program's
 * own pointers: it knows best what is wrong with them.  A name that was cut
 * is asked for once more.
 */
static bool
written(const struct sockaddr *sa, socklen_t len, int room, int fd,
    __typeof__(sockopt_local) *ask, struct endpoint *ep)
{
	if (room == -1)
		return false;
	return sockname_written(ep, sa, len, (socklen_t)room) ||
	       (len > (socklen_t)room && ask(fd, ep));
}

static int
receive(const struct lease_ctx *a, int fd, struct sockaddr *sa, socklen_t *len,
    int flags)
{
	int room = sockname_room(len), rc;
	struct endpoint peer;

	rc = real()->accept4(fd, sa, len, flags);
	if (rc == -1 || !written(sa, *len, room, rc, sockopt_peer, &peer))
		return rc;
	welcome(a, rc, &peer);
	sockname_put(&peer, sa, (socklen_t)room);
	return rc;
}

EXPORT int
accept(int fd, struct sockaddr *sa, socklen_t *len)
{
	const struct lease_ctx *a = lease_ctx();

	if (a == NULL)
		return real()->accept(fd, sa, len);
	return sa == NULL ? receive_nameless(a, fd, 0)
			  : receive(a, fd, sa, len, 0);
}

EXPORT int
accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
	const struct lease_ctx *a = lease_ctx();

	if (a == NULL)
		return real()->accept4(fd, sa, len, flags);
	return sa == NULL ? receive_nameless(a, fd, flags)
			  : receive(a, fd, sa, len, flags);
}

EXPORT int
getsockname(int fd, struct sockaddr *sa, socklen_t *len)
{
	const struct lease_ctx *a = lease_ctx();
	int room = a != NULL ? sockname_room(len) : -1, rc;
	struct endpoint ep;

	rc = real()->getsockname(fd, sa, len);
	if (rc == 0 && written(sa, *len, room, fd, sockopt_local, &ep) &&
	    reverse_local(a, fd, &ep))
		sockname_put(&ep, sa, (socklen_t)room);
	return rc;
}

EXPORT int
getpeername(int fd, struct sockaddr *sa, socklen_t *len)
{
	const struct lease_ctx *a = lease_ctx();
	int room = a != NULL ? sockname_room(len) : -1, rc;
	struct endpoint ep;

	rc = real()->getpeername(fd, sa, len);
	if (rc == 0 && written(sa, *len, room, fd, sockopt_peer, &ep) &&
	    reverse_peer(a, fd, &ep))
		sockname_put(&ep, sa, (socklen_t)room);
	return rc;
}

/* The kernel says that it is off; the program may have set it. */
static void
correct_v6only(const struct lease_ctx *a, int fd, void *value, socklen_t len)
{
	int v6only = 0;

	memcpy(&v6only, value, len < sizeof(v6only) ? len : sizeof(v6only));
	if (v6only != 0 || !reverse_v6only(a, fd))
		return;
	v6only = 1;
	memcpy(value, &v6only, len < sizeof(v6only) ? len : sizeof(v6only));
}

EXPORT int
getsockopt(int fd, int level, int option, void *value, socklen_t *len)
{
	const struct lease_ctx *a;
	int rc = real()->getsockopt(fd, level, option, value, len);

	if (rc != 0 || level != IPPROTO_IPV6 || option != IPV6_V6ONLY)
		return rc;
	a = lease_ctx();
	if (a != NULL)
		correct_v6only(a, fd, value, *len);
	return rc;
}

EXPORT int
setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	const struct lease_ctx *a;
	int rc = real()->setsockopt(fd, level, option, value, len), v6only = 0;

	if (rc != 0 || level != IPPROTO_IPV6 || option != IPV6_V6ONLY)
		return rc;
	a = lease_ctx();
	if (value != NULL) /* which means 0 (net/ipv6/ipv6_sockglue.c) */
		memcpy(&v6only, value, sizeof(v6only));
	if (a != NULL)
		reverse_forget_v6only(a, fd, v6only != 0);
	return rc;
}

/* The ports that libc tries, <rpc/clnt.h> in the old Sun RPC. */
enum { RESVPORT_FIRST = 600, RESVPORT_LAST = 1023 };

EXPORT int
bindresvport(int fd, struct sockaddr_in *sin)
{
	const struct lease_ctx *a = lease_ctx();
	struct sockaddr_in any = { .sin_family = AF_INET };
	int ports = RESVPORT_LAST - RESVPORT_FIRST + 1, rc = -1;
	int first = (int)getpid() % ports;

	if (a == NULL && real()->bindresvport != NULL)
		return real()->bindresvport(fd, sin);
	if (sin == NULL)
		sin = &any;
	if (sin->sin_family != AF_INET) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	for (int i = 0; i < ports && rc != 0; i++) {
		sin->sin_port =
		    htons((uint16_t)(RESVPORT_FIRST + (first + i) % ports));
		rc = bind_name(a, fd, (struct sockaddr *)sin, sizeof(*sin));
		if (rc != 0 && errno != EADDRINUSE)
			break;
	}
	return rc;
}
