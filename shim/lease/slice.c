/* SPDX-License-Identifier: ISC */
/*
 * An asked address is of one of a few kinds, and what a slice has for each
 * kind is a row of a table.
 */
#include "lease/slice.h"

#include <string.h>

#define IP4(a, b, c, d)                                                        \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 |      \
	    (uint32_t)(d))

/* What a program may mean by an address. */
enum kind {
	LOCALHOST, /* 127.0.0.1 */
	NEIGHBOUR, /* 127.0.0.N */
	HOSTNAME, /* 127.0.1.1 */
	ANY4, /* 0.0.0.0 */
	ANY6, /* :: for both families */
	ANY6ONLY, /* :: for IPv6 alone */
	LOOPBACK6, /* ::1 */
	OWN, /* an address of one of the host's interfaces */
	INSIDE, /* the leased address itself, or its slice */
	OTHER
};

/* What a slice has for a kind. */
static const struct plan {
	uint8_t host; /* what a bind is given */
	uint8_t reach[2]; /* where a client may find a listener, 0 nowhere */
	enum placing placing;
} plans[] = {
	[LOCALHOST] = { 1, { 1, 0 }, PLACE_EXACT },
	[HOSTNAME] = { HOST_HOSTNAME, { HOST_HOSTNAME, 1 }, PLACE_EXACT },
	[ANY4] = { 1, { 1, 0 }, PLACE_KEPT },
	[ANY6] = { 1, { HOST_LOOPBACK6, 1 }, PLACE_KEPT },
	[ANY6ONLY] = { HOST_LOOPBACK6, { HOST_LOOPBACK6, 1 }, PLACE_KEPT },
	[LOOPBACK6] = { HOST_LOOPBACK6, { HOST_LOOPBACK6, 1 }, PLACE_EXACT },
	[OWN] = { 1, { 1, 0 }, PLACE_KEPT },
};

bool
endpoint_read(struct endpoint *ep, const struct sockaddr *sa, socklen_t len)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (sa == NULL || len < sizeof(sa->sa_family))
		return false;
	memcpy(&in.sin_family, sa, sizeof(in.sin_family));
	if (in.sin_family == AF_INET && len >= sizeof(in)) {
		memcpy(&in, sa, sizeof(in));
		*ep = endpoint_of(
		    AF_INET, ntohl(in.sin_addr.s_addr), ntohs(in.sin_port));
		return true;
	}
	/* Since RFC 2133 days the scope may be missing: SIN6_LEN_RFC2133. */
	if (in.sin_family == AF_INET6 && len >= 24) {
		memcpy(&in6, sa, 24);
		*ep = (struct endpoint){ in6.sin6_addr, ntohs(in6.sin6_port),
			AF_INET6 };
		return true;
	}
	return false;
}

socklen_t
endpoint_write(const struct endpoint *ep, void *sa, socklen_t room)
{
	union {
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} u;
	socklen_t full;

	memset(&u, 0, sizeof(u));
	if (ep->family == AF_INET) {
		u.in.sin_family = AF_INET;
		u.in.sin_port = htons(ep->port);
		u.in.sin_addr.s_addr = htonl(endpoint_ip4(ep));
		full = sizeof(u.in);
	} else {
		u.in6.sin6_family = AF_INET6;
		u.in6.sin6_port = htons(ep->port);
		u.in6.sin6_addr = ep->addr;
		full = sizeof(u.in6);
	}
	memcpy(sa, &u, room < full ? room : full);
	return full;
}

bool
endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && endpoint_same(a, b);
}

bool
endpoint_same(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && IN6_ARE_ADDR_EQUAL(&a->addr, &b->addr);
}

bool
endpoint_any(const struct endpoint *ep)
{
	return IN6_IS_ADDR_UNSPECIFIED(&ep->addr) ||
	       (IN6_IS_ADDR_V4MAPPED(&ep->addr) &&
		   endpoint_ip4(ep) == INADDR_ANY);
}

uint32_t
endpoint_ip4(const struct endpoint *ep)
{
	uint32_t ip;

	if (!IN6_IS_ADDR_V4MAPPED(&ep->addr))
		return 0;
	memcpy(&ip, &ep->addr.s6_addr[12], sizeof(ip));
	return ntohl(ip);
}

struct endpoint
endpoint_of(uint16_t family, uint32_t ip, uint16_t port)
{
	struct endpoint ep = { .port = port, .family = family };
	uint32_t wire = htonl(ip);

	ep.addr.s6_addr[10] = ep.addr.s6_addr[11] = 0xff;
	memcpy(&ep.addr.s6_addr[12], &wire, sizeof(wire));
	return ep;
}

bool
terms_declares(const struct terms *t, uint16_t port)
{
	for (uint32_t i = 0; i < t->nports; i++)
		if (t->ports[i].first <= port && port <= t->ports[i].last)
			return true;
	return false;
}

int
terms_prefix(const struct terms *t)
{
	return t->flags & TERMS_ADOPTED ? 32 : 24;
}

bool
slice_holds(const struct terms *t, uint32_t ip)
{
	if (t->flags & TERMS_ADOPTED)
		return ip == t->leased;
	return ip >> 8 == t->leased >> 8;
}

bool
slice_contains(const struct terms *t, const struct endpoint *ep)
{
	return IN6_IS_ADDR_V4MAPPED(&ep->addr) &&
	       slice_holds(t, endpoint_ip4(ep));
}

static bool
own(const struct terms *t, const struct in6_addr *addr)
{
	for (uint32_t i = 0; i < t->nown; i++)
		if (memcmp(&t->own[i], addr, sizeof(*addr)) == 0)
			return true;
	return false;
}

static enum kind
kind_of4(const struct terms *t, const struct endpoint *asked)
{
	uint32_t ip = endpoint_ip4(asked);

	if (slice_holds(t, ip))
		return INSIDE;
	if (ip == INADDR_LOOPBACK)
		return LOCALHOST;
	if (ip == INADDR_ANY)
		return ANY4;
	if (ip == IP4(127, 0, 1, 1))
		return HOSTNAME;
	if (ip >> 8 == INADDR_LOOPBACK >> 8)
		return NEIGHBOUR;
	return own(t, &asked->addr) ? OWN : OTHER;
}

static enum kind
kind_of(const struct terms *t, const struct endpoint *asked, bool v6only)
{
	if (IN6_IS_ADDR_V4MAPPED(&asked->addr))
		return kind_of4(t, asked);
	if (IN6_IS_ADDR_UNSPECIFIED(&asked->addr))
		return v6only ? ANY6ONLY : ANY6;
	if (IN6_IS_ADDR_LOOPBACK(&asked->addr))
		return LOOPBACK6;
	return own(t, &asked->addr) ? OWN : OTHER;
}

/* Does adopt mode move this kind to the adopted address? */
static bool
adopts(enum kind kind)
{
	return kind == LOCALHOST || kind == ANY4 || kind == ANY6 ||
	       kind == ANY6ONLY || kind == LOOPBACK6 || kind == INSIDE;
}

static uint32_t
host_of(const struct terms *t, uint8_t host)
{
	return (t->leased & ~0xffU) | host;
}

static enum placing
adopt_bind(const struct terms *t, const struct endpoint *asked, enum kind kind,
    struct endpoint *given)
{
	if (!adopts(kind))
		return PLACE_PASS;
	*given = endpoint_of(asked->family, t->leased, asked->port);
	return kind == INSIDE ? PLACE_EXACT : PLACE_KEPT;
}

enum placing
slice_bind(const struct terms *t, const struct endpoint *asked,
    struct sock_kind sock, struct endpoint *given)
{
	enum kind kind = kind_of(t, asked, sock.v6only);
	bool declared = terms_declares(t, asked->port);
	uint8_t host = (uint8_t)endpoint_ip4(asked);

	*given = *asked;
	if (sock.datagram && endpoint_any(asked) && asked->port == 0)
		return PLACE_PASS;
	if (t->flags & TERMS_ADOPTED)
		return adopt_bind(t, asked, kind, given);
	if (kind == INSIDE)
		return PLACE_KEPT;
	if (kind == OTHER)
		return declared ? PLACE_OUTSIDE : PLACE_PASS;
	if (kind == OWN && !declared)
		return PLACE_PASS;
	if (kind != NEIGHBOUR)
		host = plans[kind].host;
	*given = endpoint_of(asked->family, host_of(t, host), asked->port);
	if (kind == NEIGHBOUR)
		return host < HOST_HOSTNAME ? PLACE_EXACT : PLACE_KEPT;
	return plans[kind].placing;
}

size_t
slice_reach(const struct terms *t, const struct endpoint *asked,
    struct endpoint given[2])
{
	enum kind kind = kind_of(t, asked, false);
	uint8_t hosts[2] = { (uint8_t)endpoint_ip4(asked), 0 };

	if (t->flags & TERMS_ADOPTED) {
		given[0] = endpoint_of(asked->family, t->leased, asked->port);
		return adopts(kind) ? 1 : 0;
	}
	if (kind == OTHER)
		return 0;
	if (kind == NEIGHBOUR)
		hosts[1] = HOST_LEASED;
	else if (kind != INSIDE)
		memcpy(hosts, plans[kind].reach, sizeof(hosts));
	for (size_t i = 0; i < 2; i++)
		given[i] = endpoint_of(
		    asked->family, host_of(t, hosts[i]), asked->port);
	return hosts[1] != 0 ? 2 : 1;
}

bool
slice_answers(const struct endpoint *bound, const struct endpoint *asked)
{
	return endpoint_any(bound) && (!IN6_IS_ADDR_V4MAPPED(&bound->addr) ||
					  IN6_IS_ADDR_V4MAPPED(&asked->addr));
}

bool
slice_source(const struct terms *t, const struct endpoint *asked,
    struct endpoint *source)
{
	enum kind kind = kind_of(t, asked, false);

	if (t->flags & TERMS_ADOPTED || (kind != ANY6 && kind != LOOPBACK6))
		return false;
	*source = endpoint_of(asked->family, host_of(t, HOST_LOOPBACK6), 0);
	return true;
}

struct endpoint
slice_asked(const struct terms *t, const struct endpoint *end,
    const struct endpoint *other)
{
	uint8_t host = (uint8_t)endpoint_ip4(end);
	uint32_t loopback6 = host_of(t, HOST_LOOPBACK6);

	if (t->flags & TERMS_ADOPTED || !slice_contains(t, end))
		return *end;
	if (end->family == AF_INET6 &&
	    (host == HOST_LOOPBACK6 || (host == HOST_LEASED && other != NULL &&
					   endpoint_ip4(other) == loopback6)))
		return (struct endpoint){ IN6ADDR_LOOPBACK_INIT, end->port,
			AF_INET6 };
	if (host == HOST_HOSTNAME)
		return endpoint_of(end->family, IP4(127, 0, 1, 1), end->port);
	return endpoint_of(end->family, IP4(127, 0, 0, host), end->port);
}
