/* SPDX-License-Identifier: ISC */
/*
 * Arithmetic and shared memory come first, a system call only where they leave
 * a doubt.
 */
#include "sock/reverse.h"

#include "sock/sockopt.h"

/* Host .1 of an IPv6 socket may stand for ::1, which the other end tells. */
static bool
doubtful(const struct lease_ctx *ctx, const struct endpoint *ep)
{
	return ep->family == AF_INET6 && !(ctx->terms.flags & TERMS_ADOPTED) &&
	       (endpoint_ip4(ep) & 0xff) == HOST_LEASED;
}

/* How the socket at this end was bound, if the record can tell. */
static bool
bound(const struct lease_ctx *ctx, int fd, const struct endpoint *ep,
    struct sockcall *call)
{
	enum lookup found = LOOKUP_NONE;

	if (ctx->record != NULL)
		found = record_find(ctx->record, ep, 0, 0, call);
	if (found == LOOKUP_AMBIGUOUS)
		found = record_find(ctx->record, ep, sockopt_protocol(fd),
		    sockopt_cookie(fd), call);
	return found == LOOKUP_ONE && call->asked.family == ep->family;
}

/* A client that the shim has bound and that is not connected. */
static void
name_unbound(const struct lease_ctx *ctx, int fd, struct endpoint *ep)
{
	struct sockcall call;

	if (bound(ctx, fd, ep, &call))
		ep->addr = call.asked.addr;
	else if (ep->family == AF_INET6)
		ep->addr = (struct in6_addr)IN6ADDR_ANY_INIT;
	else
		*ep = endpoint_of(AF_INET, INADDR_ANY, 0);
}

/* How fd was connected, or last sent a datagram, if the record can tell. */
static bool
connected(const struct lease_ctx *ctx, int fd, struct sockcall *call)
{
	return ctx->record != NULL &&
	       atomic_load_explicit(
		   &ctx->record->counts.connected, memory_order_relaxed) > 0 &&
	       record_find_connected(ctx->record, sockopt_cookie(fd), call);
}

/*
 * The same, if it was to this end.  The families may differ: a UDP socket of
 * IPv6 takes IPv4 names, too.
 */
static bool
connected_to(const struct lease_ctx *ctx, int fd, const struct endpoint *ep,
    struct sockcall *call)
{
	return connected(ctx, fd, call) && endpoint_same(&call->given, ep) &&
	       (ep->family == AF_INET6 ||
		   IN6_IS_ADDR_V4MAPPED(&call->asked.addr));
}

bool
reverse_peer(const struct lease_ctx *ctx, int fd, struct endpoint *ep)
{
	struct endpoint local;
	struct sockcall call;

	if (!slice_contains(&ctx->terms, ep))
		return false;
	if (connected_to(ctx, fd, ep, &call))
		ep->addr = call.asked.addr;
	else if (doubtful(ctx, ep) && sockopt_local(fd, &local))
		*ep = slice_asked(&ctx->terms, ep, &local);
	else
		*ep = slice_asked(&ctx->terms, ep, NULL);
	return true;
}

/* 127.0.0.1 as the end of an IPv6 socket, which may be ::1. */
static bool
loopback4(const struct endpoint *ep)
{
	return ep->family == AF_INET6 && endpoint_ip4(ep) == INADDR_LOOPBACK;
}

/* A UDP client is not bound into the slice, but its peer may be ::1. */
static bool
name_datagram_client(const struct lease_ctx *ctx, int fd, struct endpoint *ep)
{
	struct endpoint peer;

	if (!loopback4(ep) || !sockopt_peer(fd, &peer) ||
	    !reverse_peer(ctx, fd, &peer) || !IN6_IS_ADDR_LOOPBACK(&peer.addr))
		return false;
	ep->addr = peer.addr;
	return true;
}

bool
reverse_local(const struct lease_ctx *ctx, int fd, struct endpoint *ep)
{
	struct endpoint peer;
	struct sockcall call;
	bool known;

	if (!slice_contains(&ctx->terms, ep))
		return name_datagram_client(ctx, fd, ep);
	if (ep->port == 0) {
		name_unbound(ctx, fd, ep);
		return true;
	}
	known = bound(ctx, fd, ep, &call);
	if (known && (!endpoint_any(&call.asked) || !sockopt_connected(fd)))
		ep->addr = call.asked.addr;
	else if (doubtful(ctx, ep) && sockopt_peer(fd, &peer))
		*ep = slice_asked(&ctx->terms, ep, &peer);
	else
		*ep = slice_asked(&ctx->terms, ep, NULL);
	return true;
}

/*
 * A client that is not bound has the source 127.0.0.1, even when it asked for
 * ::1.  The end that it reached tells.
 */
static bool
name_unbound_source(const struct lease_ctx *ctx, int fd, struct endpoint *ep)
{
	struct endpoint local, named;

	if (!loopback4(ep) || !sockopt_local(fd, &local) ||
	    !slice_contains(&ctx->terms, &local))
		return false;
	named = slice_asked(&ctx->terms, &local, NULL);
	if (!IN6_IS_ADDR_LOOPBACK(&named.addr))
		return false;
	ep->addr = named.addr;
	return true;
}

bool
reverse_source(const struct lease_ctx *ctx, int fd, struct endpoint *ep)
{
	struct sockcall call;

	if (!slice_contains(&ctx->terms, ep))
		return name_unbound_source(ctx, fd, ep);
	if (connected_to(ctx, fd, ep, &call))
		ep->addr = call.asked.addr;
	else
		*ep = slice_asked(&ctx->terms, ep, NULL);
	return true;
}

bool
reverse_bound(const struct lease_ctx *ctx, int fd, const struct endpoint *local)
{
	uint64_t cookie = sockopt_cookie(fd);
	struct sockcall call;

	return ctx->record != NULL && local->port != 0 &&
	       record_find(ctx->record, local, IPPROTO_TCP, cookie, &call) ==
		   LOOKUP_ONE &&
	       call.cookie == cookie;
}

bool
reverse_lifted(const struct lease_ctx *ctx, int fd)
{
	struct sockcall call;

	return connected(ctx, fd, &call) && call.v6only;
}

/*
 * Was the socket at this end bound by this call, or accepted by one that was?
 * A client that the shim has bound (bind.c) may have the port by chance, after
 * a listener that is gone.
 */
static bool
inherited(int fd, const struct sockcall *call)
{
	int by_shim;

	return call->cookie == sockopt_cookie(fd) ||
	       !sockopt_get(
		   fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &by_shim) ||
	       by_shim == 0;
}

bool
reverse_v6only(const struct lease_ctx *ctx, int fd)
{
	struct endpoint local;
	struct sockcall call;

	if (reverse_lifted(ctx, fd))
		return true;
	return sockopt_local(fd, &local) &&
	       slice_contains(&ctx->terms, &local) &&
	       bound(ctx, fd, &local, &call) && call.v6only &&
	       inherited(fd, &call);
}

void
reverse_forget_v6only(const struct lease_ctx *ctx, int fd, bool v6only)
{
	struct sockcall call;

	if (!connected(ctx, fd, &call) || call.v6only == v6only)
		return;
	call.v6only = v6only;
	record_connected(ctx->record, &call);
}
