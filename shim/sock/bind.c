/* SPDX-License-Identifier: ISC */
/*
 * IPv6 on an IPv4 slice.  ::1 is one address, of which no private copy can be
 * made, so an IPv6 socket in a lease is bound to the v4-mapped form of its
 * IPv4 address, ::ffff:127.A.B.N.  The kernel accepts that only while
 * IPV6_V6ONLY is off (ipv6(7)).  Where the program had set it, it is cleared
 * before the bind, and the record remembers the program's own value.  So that
 * the program cannot tell: getsockopt shows that value, for accepted sockets
 * too (reverse_v6only); ::1 and the IPv6 wildcard get an alias, host .254, so
 * that no IPv4 client reaches them; names come back as ::1 (reverse.c); and
 * what IPV6_V6ONLY would natively refuse is refused by us (sockops.c).  A
 * v4-mapped name that the program itself asks for goes to the kernel with
 * IPV6_V6ONLY as it is: that refusal is the native one.
 */
#include "sock/bind.h"

#include "lease/errno.h"
#include "sock/libc.h"
#include "sock/reverse.h"
#include "sock/sockname.h"
#include "sock/sockopt.h"
#include "sock/trace.h"

#include <errno.h>

static int
bind_to(int fd, const struct endpoint *given)
{
	struct sockaddr_in6 in6;
	socklen_t len = endpoint_write(given, &in6, sizeof(in6));

	return real()->bind(fd, (struct sockaddr *)&in6, len);
}

static bool
pure6(const struct endpoint *ep)
{
	return ep->family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&ep->addr);
}

/*
 * A bind to an IPv6 address that is not the wildcard switches IPV6_V6ONLY
 * on (__inet6_bind in net/ipv6/af_inet6.c).
 */
static bool
narrowed(const struct endpoint *asked)
{
	return pure6(asked) && !IN6_IS_ADDR_UNSPECIFIED(&asked->addr);
}

/*
 * Bind to the given end, by a name of len bytes, with IPV6_V6ONLY off if need
 * be.
 */
static int
bind_given(int fd, const struct sockcall *call, socklen_t len)
{
	bool lift = call->v6only && pure6(&call->asked);
	struct sockaddr_in6 in6;
	int rc;

	if (lift)
		(void)sockopt_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	len = sockname_fill(&in6, &call->given, len);
	rc = real()->bind(fd, (struct sockaddr *)&in6, len);
	if (rc != 0 && lift)
		(void)sockopt_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	return rc;
}

/*
 * A UDP client of IPv6 alone, bound to a port of its own, keeps its address.
 * But IPV6_V6ONLY must be cleared now: it could not be when the client sends
 * into the lease later.
 */
static bool
narrow_client(const struct sockcall *call)
{
	return call->v6only && call->protocol == IPPROTO_UDP &&
	       call->asked.port == 0 &&
	       IN6_IS_ADDR_UNSPECIFIED(&call->asked.addr);
}

/* Set what the kernel knows of the socket; false when it is not ours to move.
 */
static bool
ask_kind(const struct lease_ctx *ctx, int fd, struct sockcall *call)
{
	int v6only = 0;

	call->protocol = sockopt_protocol(fd);
	if (call->protocol == 0 ||
	    (call->asked.family == AF_INET6 &&
		!sockopt_get(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only)))
		return false;
	call->v6only = v6only != 0 || (call->asked.family == AF_INET6 &&
					  reverse_v6only(ctx, fd));
	return true;
}

int
bind_socket(const struct lease_ctx *ctx, int fd, const struct endpoint *asked,
    const struct sockaddr *sa, socklen_t len)
{
	struct sockcall call = { .asked = *asked };
	struct sock_kind sock;
	enum placing placing;
	int rc;

	if (!ask_kind(ctx, fd, &call))
		return real()->bind(fd, sa, len);
	sock.v6only = call.v6only;
	sock.datagram = call.protocol == IPPROTO_UDP;
	placing = slice_bind(&ctx->terms, asked, sock, &call.given);
	if ((placing == PLACE_EXACT || placing == PLACE_KEPT) &&
	    lease_over(ctx)) {
		errno = ENETDOWN;
		return -1;
	}
	if (placing == PLACE_EXACT || placing == PLACE_KEPT ||
	    narrow_client(&call))
		rc = bind_given(fd, &call, len);
	else
		rc = real()->bind(fd, sa, len);
	if (rc != 0)
		return rc;
	call.v6only = call.v6only || narrowed(asked);
	trace_bind(ctx, fd, &call, placing);
	return rc;
}

/* A client that is bound into the slice already: its port may not be set. */
static bool
has_source(const struct lease_ctx *ctx, int fd)
{
	struct endpoint local;

	return sockopt_local(fd, &local) && slice_contains(&ctx->terms, &local);
}

/*
 * The port is left to connect, which may then reuse it for another peer
 * (IP_BIND_ADDRESS_NO_PORT, ip(7)).  EINVAL: the program has bound it.
 */
static bool
bind_source(const struct lease_ctx *ctx, int fd, const struct endpoint *source)
{
	KEEP_ERRNO;

	return lease_over(ctx) || has_source(ctx, fd) ||
	       !sockopt_set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1) ||
	       bind_to(fd, source) == 0;
}

/*
 * The kernel refuses to change IPV6_V6ONLY while a port is bound.  A UDP
 * socket that has its port from a connect loses it by disconnecting.
 */
static bool
disconnect(int fd)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };
	KEEP_ERRNO;

	return real()->connect(fd, &none, sizeof(none)) == 0;
}

static bool
lift_v6only(int fd, uint8_t protocol)
{
	int value;

	if (!sockopt_get(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value) || value == 0)
		return false;
	return sockopt_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) ||
	       (protocol == IPPROTO_UDP && disconnect(fd) &&
		   sockopt_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0));
}

bool
bind_client(const struct lease_ctx *ctx, int fd, const struct sockcall *call)
{
	struct endpoint source;
	bool stream = call->protocol == IPPROTO_TCP &&
		      slice_source(&ctx->terms, &call->asked, &source);
	bool lifted;

	if (stream && bind_source(ctx, fd, &source))
		return false;
	lifted = pure6(&call->asked) && lift_v6only(fd, call->protocol);
	if (stream && lifted)
		(void)bind_source(ctx, fd, &source);
	return lifted;
}

void
bind_undo(const struct lease_ctx *ctx, int fd)
{
	const struct endpoint any = { IN6ADDR_ANY_INIT, 0, AF_INET6 };
	struct endpoint local;
	bool v6only;
	KEEP_ERRNO;

	if (!sockopt_local(fd, &local) || local.family != AF_INET6 ||
	    !slice_contains(&ctx->terms, &local) ||
	    reverse_bound(ctx, fd, &local))
		return;
	v6only = reverse_lifted(ctx, fd);
	if (bind_to(fd, &any) == 0 && v6only)
		(void)sockopt_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
}

void
bind_listener(const struct lease_ctx *ctx, int fd)
{
	struct endpoint local;
	struct sockaddr_in6 in6;
	socklen_t len;
	KEEP_ERRNO;

	if (!sockopt_local(fd, &local) || local.port != 0 ||
	    slice_contains(&ctx->terms, &local) ||
	    sockopt_protocol(fd) != IPPROTO_TCP)
		return;
	len = endpoint_write(&local, &in6, sizeof(in6));
	(void)bind_socket(ctx, fd, &local, (struct sockaddr *)&in6, len);
}
