/* SPDX-License-Identifier: ISC */
/*
 * Ends become names.  The order of the questions is by cost: arithmetic and
 * shared memory first, a system call only where they leave a doubt.
 */
#include "sock/reverse.h"

#include "sock/sockopt.h"

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

static bool
wildcard(const struct endpoint *ep)
{
	return IN6_IS_ADDR_UNSPECIFIED(&ep->addr) ||
	       (IN6_IS_ADDR_V4MAPPED(&ep->addr) &&
		   endpoint_ip4(ep) == INADDR_ANY);
}

/* Host .1 of an IPv6 socket may be ::1: the other end tells. */
static bool
doubtful(const struct lease_ctx *a, const struct endpoint *ep)
{
	return ep->family == AF_INET6 && !(a->terms.flags & TERMS_ADOPTED) &&
	       (endpoint_ip4(ep) & 0xff) == HOST_LEASED;
}

/* How the socket at this end was bound, if the record can tell. */
static bool
bound(const struct lease_ctx *a, int fd, const struct endpoint *ep,
    struct binding *way)
{
	enum ways found = LOOKUP_NONE;

	if (a->record != NULL)
		found = record_find(a->record, ep, 0, 0, way);
	if (found == LOOKUP_AMBIGUOUS)
		found = record_find(a->record, ep, sockopt_protocol(fd),
		    sockopt_cookie(fd), way);
	return found == LOOKUP_ONE && way->asked.family == ep->family;
}

/* A client that was bound blindly and is not connected. */
static void
name_unbound(const struct lease_ctx *a, int fd, struct endpoint *ep)
{
	struct binding way;

	if (bound(a, fd, ep, &way))
		ep->addr = way.asked.addr;
	else if (ep->family == AF_INET6)
		ep->addr = (struct in6_addr)IN6ADDR_ANY_INIT;
	else
		*ep = endpoint_of(AF_INET, INADDR_ANY, 0);
}

/* A UDP socket of IPv6 may have been given an IPv4 name. */
static bool
same_place(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && IN6_ARE_ADDR_EQUAL(&a->addr, &b->addr);
}

/* How fd was connected to, or last sent to, this end. */
static bool
connected_way(const struct lease_ctx *a, int fd, const struct endpoint *ep,
    struct binding *way)
{
	return a->record != NULL &&
	       atomic_load_explicit(
		   &a->record->counts.connected, memory_order_relaxed) > 0 &&
	       record_find_connected(a->record, sockopt_cookie(fd), way) &&
	       same_place(&way->given, ep) &&
	       (ep->family == AF_INET6 ||
		   IN6_IS_ADDR_V4MAPPED(&way->asked.addr));
}

bool
reverse_peer(const struct lease_ctx *a, int fd, struct endpoint *ep)
{
	struct endpoint local;
	struct binding way;

	if (!slice_contains(&a->terms, ep))
		return false;
	if (connected_way(a, fd, ep, &way))
		ep->addr = way.asked.addr;
	else if (doubtful(a, ep) && sockopt_local(fd, &local))
		*ep = slice_asked(&a->terms, ep, &local);
	else
		*ep = slice_asked(&a->terms, ep, NULL);
	return true;
}

/* 127.0.0.1 as the end of an IPv6 socket, which may be ::1. */
static bool
loopback4(const struct endpoint *ep)
{
	return ep->family == AF_INET6 && endpoint_ip4(ep) == INADDR_LOOPBACK;
}

/* A UDP client is not bound into the slice: its peer tells what it asked. */
static bool
name_datagram_client(const struct lease_ctx *a, int fd, struct endpoint *ep)
{
	struct endpoint peer;

	if (!loopback4(ep) || !sockopt_peer(fd, &peer) ||
	    !reverse_peer(a, fd, &peer) || !IN6_IS_ADDR_LOOPBACK(&peer.addr))
		return false;
	ep->addr = peer.addr;
	return true;
}

bool
reverse_local(const struct lease_ctx *a, int fd, struct endpoint *ep)
{
	struct endpoint peer;
	struct binding way;
	bool known;

	if (!slice_contains(&a->terms, ep))
		return name_datagram_client(a, fd, ep);
	if (ep->port == 0) {
		name_unbound(a, fd, ep);
		return true;
	}
	known = bound(a, fd, ep, &way);
	if (known && (!wildcard(&way.asked) || !sockopt_connected(fd)))
		ep->addr = way.asked.addr;
	else if (doubtful(a, ep) && sockopt_peer(fd, &peer))
		*ep = slice_asked(&a->terms, ep, &peer);
	else
		*ep = slice_asked(&a->terms, ep, NULL);
	return true;
}

/*
 * A client that is bound nowhere has the source 127.0.0.1, even when it
 * asked for ::1: the end that it reached tells.
 */
static bool
name_stranger(const struct lease_ctx *a, int fd, struct endpoint *ep)
{
	struct endpoint local, named;

	if (!loopback4(ep) || !sockopt_local(fd, &local) ||
	    !slice_contains(&a->terms, &local))
		return false;
	named = slice_asked(&a->terms, &local, NULL);
	if (!IN6_IS_ADDR_LOOPBACK(&named.addr))
		return false;
	ep->addr = named.addr;
	return true;
}

bool
reverse_source(const struct lease_ctx *a, int fd, struct endpoint *ep)
{
	struct binding way;

	if (!slice_contains(&a->terms, ep))
		return name_stranger(a, fd, ep);
	if (connected_way(a, fd, ep, &way))
		ep->addr = way.asked.addr;
	else
		*ep = slice_asked(&a->terms, ep, NULL);
	return true;
}

void
reverse_accepted(const struct lease_ctx *a, struct endpoint *ep)
{
	*ep = slice_asked(&a->terms, ep, NULL);
}

/* A way of fd by its cookie alone, connected or not. */
static bool
own_way(const struct lease_ctx *a, int fd, struct binding *way)
{
	return a->record != NULL &&
	       atomic_load_explicit(
		   &a->record->counts.connected, memory_order_relaxed) > 0 &&
	       record_find_connected(a->record, sockopt_cookie(fd), way);
}

bool
reverse_bound(const struct lease_ctx *a, int fd, const struct endpoint *local)
{
	uint64_t cookie = sockopt_cookie(fd);
	struct binding way;

	return a->record != NULL && local->port != 0 &&
	       record_find(a->record, local, IPPROTO_TCP, cookie, &way) ==
		   LOOKUP_ONE &&
	       way.cookie == cookie;
}

bool
reverse_lifted(const struct lease_ctx *a, int fd)
{
	struct binding way;

	return own_way(a, fd, &way) && way.v6only;
}

/*
 * Was the socket at this end bound like this, or accepted by one that was?
 * A client that was bound blindly (place.c) has the port by chance, after a
 * listener that is gone.
 */
static bool
inherited(int fd, const struct binding *way)
{
	int blind;

	return way->cookie == sockopt_cookie(fd) ||
	       !sockopt_get(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &blind) ||
	       blind == 0;
}

bool
reverse_v6only(const struct lease_ctx *a, int fd)
{
	struct endpoint local;
	struct binding way;

	if (reverse_lifted(a, fd))
		return true;
	return sockopt_local(fd, &local) && slice_contains(&a->terms, &local) &&
	       bound(a, fd, &local, &way) && way.v6only && inherited(fd, &way);
}

void
reverse_forget_v6only(const struct lease_ctx *a, int fd, bool v6only)
{
	struct binding way;

	if (!own_way(a, fd, &way) || way.v6only == v6only)
		return;
	way.v6only = v6only;
	record_connected(a->record, &way);
}
