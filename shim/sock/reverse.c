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
doubtful(const struct attachment *a, const struct endpoint *ep)
{
	return ep->family == AF_INET6 && !(a->terms.flags & TERMS_ADOPTED) &&
	       (endpoint_ip4(ep) & 0xff) == HOST_LEASED;
}

/* How the socket at this end was bound, if the record can tell. */
static bool
bound(const struct attachment *a, int fd, const struct endpoint *ep,
    struct way *way)
{
	enum ways found = WAYS_NONE;

	if (a->record != NULL)
		found = record_find(a->record, ep, 0, 0, way);
	if (found == WAYS_MANY)
		found = record_find(
		    a->record, ep, ask_protocol(fd), ask_cookie(fd), way);
	return found == WAYS_ONE && way->asked.family == ep->family;
}

/* A client that was bound blindly and is not connected. */
static void
name_unbound(const struct attachment *a, int fd, struct endpoint *ep)
{
	struct way way;

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
connected_way(const struct attachment *a, int fd, const struct endpoint *ep,
    struct way *way)
{
	return a->record != NULL &&
	       atomic_load_explicit(
		   &a->record->counts.connected, memory_order_relaxed) > 0 &&
	       record_find_connected(a->record, ask_cookie(fd), way) &&
	       same_place(&way->given, ep) &&
	       (ep->family == AF_INET6 ||
		   IN6_IS_ADDR_V4MAPPED(&way->asked.addr));
}

bool
names_peer(const struct attachment *a, int fd, struct endpoint *ep)
{
	struct endpoint local;
	struct way way;

	if (!slice_contains(&a->terms, ep))
		return false;
	if (connected_way(a, fd, ep, &way))
		ep->addr = way.asked.addr;
	else if (doubtful(a, ep) && ask_local(fd, &local))
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
name_datagram_client(const struct attachment *a, int fd, struct endpoint *ep)
{
	struct endpoint peer;

	if (!loopback4(ep) || !ask_peer(fd, &peer) ||
	    !names_peer(a, fd, &peer) || !IN6_IS_ADDR_LOOPBACK(&peer.addr))
		return false;
	ep->addr = peer.addr;
	return true;
}

bool
names_local(const struct attachment *a, int fd, struct endpoint *ep)
{
	struct endpoint peer;
	struct way way;
	bool known;

	if (!slice_contains(&a->terms, ep))
		return name_datagram_client(a, fd, ep);
	if (ep->port == 0) {
		name_unbound(a, fd, ep);
		return true;
	}
	known = bound(a, fd, ep, &way);
	if (known && (!wildcard(&way.asked) || !ask_connected(fd)))
		ep->addr = way.asked.addr;
	else if (doubtful(a, ep) && ask_peer(fd, &peer))
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
name_stranger(const struct attachment *a, int fd, struct endpoint *ep)
{
	struct endpoint local, named;

	if (!loopback4(ep) || !ask_local(fd, &local) ||
	    !slice_contains(&a->terms, &local))
		return false;
	named = slice_asked(&a->terms, &local, NULL);
	if (!IN6_IS_ADDR_LOOPBACK(&named.addr))
		return false;
	ep->addr = named.addr;
	return true;
}

bool
names_source(const struct attachment *a, int fd, struct endpoint *ep)
{
	struct way way;

	if (!slice_contains(&a->terms, ep))
		return name_stranger(a, fd, ep);
	if (connected_way(a, fd, ep, &way))
		ep->addr = way.asked.addr;
	else
		*ep = slice_asked(&a->terms, ep, NULL);
	return true;
}

void
names_accepted(const struct attachment *a, struct endpoint *ep)
{
	*ep = slice_asked(&a->terms, ep, NULL);
}

/* A way of fd by its cookie alone, connected or not. */
static bool
own_way(const struct attachment *a, int fd, struct way *way)
{
	return a->record != NULL &&
	       atomic_load_explicit(
		   &a->record->counts.connected, memory_order_relaxed) > 0 &&
	       record_find_connected(a->record, ask_cookie(fd), way);
}

bool
names_bound(const struct attachment *a, int fd, const struct endpoint *local)
{
	uint64_t cookie = ask_cookie(fd);
	struct way way;

	return a->record != NULL && local->port != 0 &&
	       record_find(a->record, local, IPPROTO_TCP, cookie, &way) ==
		   WAYS_ONE &&
	       way.cookie == cookie;
}

bool
names_lifted(const struct attachment *a, int fd)
{
	struct way way;

	return own_way(a, fd, &way) && way.v6only;
}

/*
 * Was the socket at this end bound like this, or accepted by one that was?
 * A client that was bound blindly (place.c) has the port by chance, after a
 * listener that is gone.
 */
static bool
inherited(int fd, const struct way *way)
{
	int blind;

	return way->cookie == ask_cookie(fd) ||
	       !ask_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &blind) ||
	       blind == 0;
}

bool
names_v6only(const struct attachment *a, int fd)
{
	struct endpoint local;
	struct way way;

	if (names_lifted(a, fd))
		return true;
	return ask_local(fd, &local) && slice_contains(&a->terms, &local) &&
	       bound(a, fd, &local, &way) && way.v6only && inherited(fd, &way);
}

void
names_forget_v6only(const struct attachment *a, int fd, bool v6only)
{
	struct way way;

	if (!own_way(a, fd, &way) || way.v6only == v6only)
		return;
	way.v6only = v6only;
	record_connected(a->record, &way);
}
