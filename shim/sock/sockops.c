/* SPDX-License-Identifier: ISC */
/*
 * Each call asks where (place.h, route.h), acts, and notes (note.h).
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
#include <string.h>

/*
 * A name for bind.  The kernel takes AF_UNSPEC with the wildcard for AF_INET
 * there (__inet_bind in net/ipv4/af_inet.c).
 */
bool
sockops_binds(struct endpoint *ep, const struct sockaddr *sa, socklen_t len)
{
	struct sockaddr_in in;

	if (sockname_read(ep, sa, len))
		return true;
	if (!sockname_readable(sa, len) || len < sizeof(in))
		return false;
	memcpy(&in, sa, sizeof(in));
	*ep = endpoint_of(AF_INET, INADDR_ANY, ntohs(in.sin_port));
	return in.sin_family == AF_UNSPEC && in.sin_addr.s_addr == INADDR_ANY;
}

int
sockops_bind(
    const struct lease_ctx *a, int fd, const struct sockaddr *sa, socklen_t len)
{
	struct endpoint asked;

	if (!sockops_binds(&asked, sa, len))
		return real()->bind(fd, sa, len);
	return bind_socket(a, fd, &asked, sa, len);
}

/*
 * To connect to nobody (AF_UNSPEC) leaves a source that bind has set, even
 * blindly.
 */
static int
disconnect(
    const struct lease_ctx *a, int fd, const struct sockaddr *sa, socklen_t len)
{
	int rc = real()->connect(fd, sa, len);

	if (rc == 0 && sa->sa_family == AF_UNSPEC)
		bind_undo(a, fd);
	return rc;
}

/* The peer of fd, as the program knows it. */
static bool
peer_shown(const struct lease_ctx *a, int fd, struct endpoint *peer)
{
	if (!sockopt_peer(fd, peer) || peer->family != AF_INET6)
		return false;
	(void)reverse_peer(a, fd, peer);
	return true;
}

/*
 * Why the kernel would natively not go to this name, though it would go to
 * the given one: IPv4 from a socket that speaks IPv6 alone, and IPv6 from a
 * UDP socket with an IPv4 source (net/ipv6/datagram.c).  0: it would.
 */
static int
refusal(const struct lease_ctx *a, const struct sockcall *call)
{
	bool ip4 = IN6_IS_ADDR_V4MAPPED(&call->asked.addr);
	bool udp = call->protocol == IPPROTO_UDP;
	struct endpoint peer;

	if (!ip4)
		return udp && peer_shown(a, call->fd, &peer) &&
			       IN6_IS_ADDR_V4MAPPED(&peer.addr)
			   ? EAFNOSUPPORT
			   : 0;
	if ((call->asked.family == AF_INET && !udp) ||
	    !reverse_v6only(a, call->fd))
		return 0;
	return call->asked.family == AF_INET ? EAFNOSUPPORT : ENETUNREACH;
}

/* Errors after which the kernel goes on trying. */
static bool
begun(int error)
{
	return error == EINPROGRESS || error == EINTR;
}

/* Errors that leave the socket on its way to a peer, or there. */
static bool
pending(int error)
{
	return begun(error) || error == EALREADY || error == EISCONN ||
	       error == EAGAIN;
}

/*
 * A socket that has once tried a v4-mapped peer speaks IPv4 for ever
 * (tcp_v6_connect in net/ipv6/tcp_ipv6.c), and could go nowhere else after
 * a refusal.  So where nobody is, port 0 of the real ::1 refuses it.
 */
static bool
refuses(const struct lease_ctx *a, struct sockcall *call)
{
	struct endpoint local;

	if (call->protocol != IPPROTO_TCP || call->asked.family != AF_INET6 ||
	    IN6_IS_ADDR_V4MAPPED(&call->asked.addr) ||
	    !dest_empty(a, &call->given, call->protocol))
		return false;
	return sockopt_local(call->fd, &local) &&
	       !slice_contains(&a->terms, &local);
}

static int
connect_nobody(const struct lease_ctx *a, struct sockcall *call)
{
	const struct sockaddr_in6 nobody = {
		.sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};
	struct connect_undo connect_undo;

	trace_connect(a, call, false, &connect_undo);
	return real()->connect(
	    call->fd, (const struct sockaddr *)&nobody, sizeof(nobody));
}

static int
connect_inside(const struct lease_ctx *a, struct sockcall *call, socklen_t len)
{
	struct endpoint native = dest_native(&call->asked), source, shown;
	struct connect_undo connect_undo;
	struct sockaddr_in6 in6;
	bool moved;
	int rc;

	moved = call->protocol == IPPROTO_TCP &&
		slice_source(&a->terms, &call->asked, &source);
	call->v6only = bind_client(a, call->fd, &call->asked, call->protocol);
	shown = slice_asked(&a->terms, &call->given, moved ? &source : NULL);
	call->asked = native;
	trace_connect(a, call, call->v6only || !endpoint_equal(&native, &shown),
	    &connect_undo);
	len = sockname_fill(&in6, &call->given, len);
	rc = real()->connect(call->fd, (struct sockaddr *)&in6, len);
	if (rc == -1 && !pending(errno))
		bind_undo(a, call->fd);
	if (rc == -1 && !begun(errno))
		trace_connect_undo(a, &connect_undo);
	return rc;
}

/*
 * A UDP socket of IPv6 that was in the lease has an IPv4 source, from which
 * the kernel goes to no IPv6 peer: it forgets that when it is disconnected.
 */
static bool
forget_source(const struct lease_ctx *a, const struct sockcall *call)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct endpoint peer;

	return call->protocol == IPPROTO_UDP &&
	       !IN6_IS_ADDR_V4MAPPED(&call->asked.addr) &&
	       peer_shown(a, call->fd, &peer) &&
	       real()->connect(call->fd, &none, sizeof(none)) == 0;
}

static int
connect_outside(const struct lease_ctx *a, struct sockcall *call,
    const struct sockaddr *sa, socklen_t len)
{
	int keep = errno, rc;
	struct connect_undo connect_undo;

	call->given = call->asked;
	bind_undo(a, call->fd);
	trace_connect(a, call, false, &connect_undo);
	rc = real()->connect(call->fd, sa, len);
	if (rc == -1 && errno == EAFNOSUPPORT && forget_source(a, call)) {
		errno = keep;
		rc = real()->connect(call->fd, sa, len);
	}
	if (rc == -1 && !begun(errno))
		trace_connect_undo(a, &connect_undo);
	return rc;
}

int
sockops_connect(
    const struct lease_ctx *a, int fd, const struct sockaddr *sa, socklen_t len)
{
	struct sockcall call = { .fd = fd };
	int error;

	if (!sockname_readable(sa, len))
		return real()->connect(fd, sa, len);
	if (!endpoint_read(&call.asked, sa, len))
		return disconnect(a, fd, sa, len);
	call.protocol = sockopt_protocol(fd);
	if (call.protocol == 0)
		return real()->connect(fd, sa, len);
	error = refusal(a, &call);
	if (error != 0) {
		errno = error;
		return -1;
	}
	if (dest_inside(a, &call.asked, call.protocol, &call.given))
		return refuses(a, &call) ? connect_nobody(a, &call)
					 : connect_inside(a, &call, len);
	return connect_outside(a, &call, sa, len);
}

int
sockops_listen(const struct lease_ctx *a, int fd, int backlog)
{
	int rc;

	bind_listener(a, fd);
	rc = real()->listen(fd, backlog);
	if (rc == 0)
		trace_listening(a);
	return rc;
}
