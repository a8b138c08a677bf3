/* SPDX-License-Identifier: ISC */
/*
 * The exported socket calls: each does what libc's does, on the address that
 * the lease gives, and shows the address that was asked for.
 */
#include "hook/attach.h"
#include "hook/real.h"
#include "lease/sys.h"
#include "sock/reverse.h"
#include "sock/sockname.h"
#include "sock/sockops.h"
#include "sock/sockopt.h"
#include "sock/trace.h"

#include <errno.h>
#include <string.h>

EXPORT int
bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	const struct lease_ctx *ctx = lease_ctx();
	int rc;

	if (ctx == NULL)
		return real()->bind(fd, sa, len);
	rc = sockops_bind(ctx, fd, sa, len);
	if (rc == -1 && errno == ENETDOWN && lease_over(ctx))
		attach_say_over(ctx);
	return rc;
}

EXPORT int
connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	const struct lease_ctx *ctx = lease_ctx();

	if (ctx == NULL)
		return real()->connect(fd, sa, len);
	return sockops_connect(ctx, fd, sa, len);
}

/* glibc has it under two names. */
EXPORT int __connect(int fd, const struct sockaddr *sa, socklen_t len)
    __attribute__((alias("connect")));

EXPORT int
listen(int fd, int backlog)
{
	const struct lease_ctx *ctx = lease_ctx();

	if (ctx == NULL)
		return real()->listen(fd, backlog);
	return sockops_listen(ctx, fd, backlog);
}

/* Record a connection, and name its peer as the program knows it. */
static void
record_accept(const struct lease_ctx *ctx, int fd, struct endpoint *peer)
{
	struct sockcall call = { .protocol = IPPROTO_TCP, .given = *peer };

	*peer = call.asked = slice_asked(&ctx->terms, peer, NULL);
	trace_accepted(ctx, fd, &call);
}

/* accept, or accept4: the next of each may be another library's. */
struct acceptance {
	bool with_flags;
	int flags;
};

static int
make_accept(int fd, struct sockaddr *sa, socklen_t *len, struct acceptance a)
{
	return a.with_flags ? real()->accept4(fd, sa, len, a.flags)
			    : real()->accept(fd, sa, len);
}

/* The record wants the peer's name also where the program does not. */
static int
accept_unnamed(const struct lease_ctx *ctx, int fd, struct acceptance a)
{
	struct sockaddr_storage name;
	struct sockaddr *sa = (struct sockaddr *)&name;
	socklen_t len = sizeof(name);
	struct endpoint peer;
	int rc;

	rc = make_accept(fd, sa, &len, a);
	if (rc != -1 && endpoint_read(&peer, sa, len))
		record_accept(ctx, rc, &peer);
	return rc;
}

/*
 * Read the name that the kernel has just written into the program's own room,
 * of which the kernel knows best whether it can be written.  A name that was
 * cut is asked for once more.
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
accept_named(const struct lease_ctx *ctx, int fd, struct sockaddr *sa,
    socklen_t *len, struct acceptance a)
{
	int room = sockname_room(len), rc;
	struct endpoint peer;

	rc = make_accept(fd, sa, len, a);
	if (rc == -1 || !written(sa, *len, room, rc, sockopt_peer, &peer))
		return rc;
	record_accept(ctx, rc, &peer);
	(void)endpoint_write(&peer, sa, (socklen_t)room);
	return rc;
}

static int
do_accept(int fd, struct sockaddr *sa, socklen_t *len, struct acceptance a)
{
	const struct lease_ctx *ctx = lease_ctx();

	if (ctx == NULL)
		return make_accept(fd, sa, len, a);
	return sa == NULL ? accept_unnamed(ctx, fd, a)
			  : accept_named(ctx, fd, sa, len, a);
}

EXPORT int
accept(int fd, struct sockaddr *sa, socklen_t *len)
{
	return do_accept(fd, sa, len, (struct acceptance){ 0 });
}

EXPORT int
accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
	return do_accept(fd, sa, len, (struct acceptance){ true, flags });
}

/* getsockname and getpeername. */
static int
get_name(int fd, struct sockaddr *sa, socklen_t *len,
    __typeof__(getsockname) *call, __typeof__(sockopt_local) *ask,
    __typeof__(reverse_local) *reverse)
{
	const struct lease_ctx *ctx = lease_ctx();
	int room = ctx != NULL ? sockname_room(len) : -1;
	int rc = call(fd, sa, len);
	struct endpoint ep;

	if (rc == 0 && written(sa, *len, room, fd, ask, &ep) &&
	    reverse(ctx, fd, &ep))
		(void)endpoint_write(&ep, sa, (socklen_t)room);
	return rc;
}

EXPORT int
getsockname(int fd, struct sockaddr *sa, socklen_t *len)
{
	return get_name(
	    fd, sa, len, real()->getsockname, sockopt_local, reverse_local);
}

EXPORT int
getpeername(int fd, struct sockaddr *sa, socklen_t *len)
{
	return get_name(
	    fd, sa, len, real()->getpeername, sockopt_peer, reverse_peer);
}

/* The kernel says that it is off; the program may have set it. */
static void
correct_v6only(const struct lease_ctx *ctx, int fd, void *value, socklen_t len)
{
	int v6only = 0;

	memcpy(&v6only, value, len < sizeof(v6only) ? len : sizeof(v6only));
	if (v6only != 0 || !reverse_v6only(ctx, fd))
		return;
	v6only = 1;
	memcpy(value, &v6only, len < sizeof(v6only) ? len : sizeof(v6only));
}

EXPORT int
getsockopt(int fd, int level, int option, void *value, socklen_t *len)
{
	const struct lease_ctx *ctx;
	int rc = real()->getsockopt(fd, level, option, value, len);

	if (rc != 0 || level != IPPROTO_IPV6 || option != IPV6_V6ONLY)
		return rc;
	ctx = lease_ctx();
	if (ctx != NULL)
		correct_v6only(ctx, fd, value, *len);
	return rc;
}

EXPORT int
setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	const struct lease_ctx *ctx;
	int rc = real()->setsockopt(fd, level, option, value, len), v6only = 0;

	if (rc != 0 || level != IPPROTO_IPV6 || option != IPV6_V6ONLY)
		return rc;
	ctx = lease_ctx();
	if (value != NULL) /* which means 0 (net/ipv6/ipv6_sockglue.c) */
		memcpy(&v6only, value, sizeof(v6only));
	if (ctx != NULL)
		reverse_forget_v6only(ctx, fd, v6only != 0);
	return rc;
}

/* The ports that libc tries: bindresvport(3). */
enum { RESVPORT_FIRST = 600, RESVPORT_LAST = 1023 };

EXPORT int
bindresvport(int fd, struct sockaddr_in *sin)
{
	const struct lease_ctx *ctx = lease_ctx();
	struct sockaddr_in any = { .sin_family = AF_INET };
	const struct sockaddr *sa;
	int ports = RESVPORT_LAST - RESVPORT_FIRST + 1, rc = -1;
	int first = (int)sys_getpid() % ports;

	if (ctx == NULL && real()->bindresvport != NULL)
		return real()->bindresvport(fd, sin);
	if (sin == NULL)
		sin = &any;
	sa = (struct sockaddr *)sin;
	if (sin->sin_family != AF_INET) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	for (int i = 0; i < ports && rc != 0; i++) {
		sin->sin_port =
		    htons((uint16_t)(RESVPORT_FIRST + (first + i) % ports));
		rc = ctx == NULL ? real()->bind(fd, sa, sizeof(*sin))
				 : sockops_bind(ctx, fd, sa, sizeof(*sin));
		if (rc != 0 && errno != EADDRINUSE)
			break;
	}
	return rc;
}
