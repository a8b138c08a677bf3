/* SPDX-License-Identifier: ISC */
/*
 * Each call finds out where it goes (bind.h, dest.h), goes there, and tells
 * the record (trace.h).
 */
#include "sock/sockops.h"

#include "sock/bind.h"
#include "sock/dest.h"
#include "sock/libc.h"
#include "sock/reverse.h"
#include "sock/sockname.h"
#include "sock/sockopt.h"
#include "sock/trace.h"

#include <errno.h>

/*
 * A name for bind.  The kernel takes AF_UNSPEC with the wildcard for AF_INET
 * there (__inet_bind in net/ipv4/af_inet.c).
 */
bool
sockops_binds(struct endpoint *ep, const struct sockaddr *sa, socklen_t len)
{
	return sockname_read(ep, sa, len) ||
	       (sockname_read_unspec(ep, sa, len) && endpoint_any(ep));
}

int
sockops_bind(const struct lease_ctx *ctx, int fd, const struct sockaddr *sa,
    socklen_t len)
{
	struct endpoint asked;

	if (!sockops_binds(&asked, sa, len))
		return real()->bind(fd, sa, len);
	return bind_socket(ctx, fd, &asked, sa, len);
}

/*
 * connect(2) with AF_UNSPEC disconnects.  It leaves the source that bind has
 * set, ours too.
 */
static int
disconnect(const struct lease_ctx *ctx, int fd, const struct sockaddr *sa,
    socklen_t len)
{
	int rc = real()->connect(fd, sa, len);

	if (rc == 0 && sa->sa_family == AF_UNSPEC)
		bind_undo(ctx, fd);
	return rc;
}

/* The peer of fd, as the program knows it. */
static bool
peer_shown(const struct lease_ctx *ctx, int fd, struct endpoint *peer)
{
	if (!sockopt_peer(fd, peer) || peer->family != AF_INET6)
		return false;
	(void)reverse_peer(ctx, fd, peer);
	return true;
}

/*
 * The error with which the kernel would natively refuse this name, though it
 * accepts the given one, or 0: IPv4 from a socket that speaks IPv6 alone, and
 * IPv6 from a UDP socket with an IPv4 source (net/ipv6/datagram.c).
 */
static int
refusal(const struct lease_ctx *ctx, int fd, const struct sockcall *call)
{
	bool ip4 = IN6_IS_ADDR_V4MAPPED(&call->asked.addr);
	bool udp = call->protocol == IPPROTO_UDP;
	struct endpoint peer;

	if (!ip4 && udp && peer_shown(ctx, fd, &peer) &&
	    IN6_IS_ADDR_V4MAPPED(&peer.addr))
		return EAFNOSUPPORT;
	if (!ip4 || (call->asked.family == AF_INET && !udp) ||
	    !reverse_v6only(ctx, fd))
		return 0;
	return call->asked.family == AF_INET ? EAFNOSUPPORT : ENETUNREACH;
}

/*
 * An IPv6 socket that has once tried a v4-mapped peer speaks IPv4 for ever
 * (tcp_v6_connect in net/ipv6/tcp_ipv6.c), and could go nowhere else after a
 * refusal.  So where there is no listener, it is sent to be refused by port 0
 * of the real ::1.
 */
static bool
must_refuse(const struct lease_ctx *ctx, int fd, const struct sockcall *call)
{
	struct endpoint local;

	return call->protocol == IPPROTO_TCP &&
	       call->asked.family == AF_INET6 &&
	       !IN6_IS_ADDR_V4MAPPED(&call->asked.addr) &&
	       dest_empty(ctx, call) && sockopt_local(fd, &local) &&
	       !slice_contains(&ctx->terms, &local);
}

static int
connect_refused(const struct lease_ctx *ctx, int fd, struct sockcall *call)
{
	const struct sockaddr_in6 port0 = {
		.sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};
	struct connect_undo undo;

	trace_connect(ctx, fd, call, false, &undo);
	return real()->connect(
	    fd, (const struct sockaddr *)&port0, sizeof(port0));
}

void
sockops_connect_failed(const struct lease_ctx *ctx, int fd,
    const struct sockcall *call, struct connect_undo *undo)
{
	if (errno == EINPROGRESS || errno == EINTR)
		return;
	if (errno != EALREADY && errno != EISCONN && errno != EAGAIN &&
	    call->asked.family == AF_INET6)
		bind_undo(ctx, fd);
	trace_connect_undo(ctx, call, undo);
}

static int
connect_inside(
    const struct lease_ctx *ctx, int fd, struct sockcall *call, socklen_t len)
{
	struct endpoint source, shown;
	struct connect_undo undo;
	struct sockaddr_in6 in6;
	bool moved;
	int rc;

	moved = call->protocol == IPPROTO_TCP &&
		slice_source(&ctx->terms, &call->asked, &source);
	call->v6only = bind_client(ctx, fd, call);
	shown = slice_asked(&ctx->terms, &call->given, moved ? &source : NULL);
	call->asked = dest_native(&call->asked);
	trace_connect(ctx, fd, call,
	    call->v6only || !endpoint_equal(&call->asked, &shown), &undo);
	len = sockname_fill(&in6, &call->given, len);
	rc = real()->connect(fd, (struct sockaddr *)&in6, len);
	if (rc == -1)
		sockops_connect_failed(ctx, fd, call, &undo);
	return rc;
}

/*
 * A UDP socket of IPv6 that was in the lease has an IPv4 source, from which
 * the kernel goes to no IPv6 peer: it forgets that when it is disconnected.
 */
static bool
forget_source(const struct lease_ctx *ctx, int fd, const struct sockcall *call)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct endpoint peer;

	return call->protocol == IPPROTO_UDP &&
	       !IN6_IS_ADDR_V4MAPPED(&call->asked.addr) &&
	       peer_shown(ctx, fd, &peer) &&
	       real()->connect(fd, &none, sizeof(none)) == 0;
}

static int
connect_outside(const struct lease_ctx *ctx, int fd, struct sockcall *call,
    const struct sockaddr *sa, socklen_t len)
{
	int keep = errno, rc;
	struct connect_undo undo;

	call->given = call->asked;
	if (call->asked.family == AF_INET6)
		bind_undo(ctx, fd);
	trace_connect(ctx, fd, call, false, &undo);
	rc = real()->connect(fd, sa, len);
	if (rc == -1 && errno == EAFNOSUPPORT && forget_source(ctx, fd, call)) {
		errno = keep;
		rc = real()->connect(fd, sa, len);
	}
	if (rc == -1 && errno != EINPROGRESS && errno != EINTR)
		trace_connect_undo(ctx, call, &undo);
	return rc;
}

int
sockops_connect(const struct lease_ctx *ctx, int fd, const struct sockaddr *sa,
    socklen_t len)
{
	struct sockcall call = { 0 };
	int error;

	if (!sockname_readable(sa, len))
		return real()->connect(fd, sa, len);
	if (!endpoint_read(&call.asked, sa, len))
		return disconnect(ctx, fd, sa, len);
	call.protocol = sockopt_protocol(fd);
	if (call.protocol == 0)
		return real()->connect(fd, sa, len);
	error = refusal(ctx, fd, &call);
	if (error != 0) {
		errno = error;
		return -1;
	}
	if (!dest_inside(ctx, &call))
		return connect_outside(ctx, fd, &call, sa, len);
	if (must_refuse(ctx, fd, &call))
		return connect_refused(ctx, fd, &call);
	return connect_inside(ctx, fd, &call, len);
}

int
sockops_listen(const struct lease_ctx *ctx, int fd, int backlog)
{
	int rc;

	bind_listener(ctx, fd);
	rc = real()->listen(fd, backlog);
	if (rc == 0)
		trace_listening(ctx);
	return rc;
}
