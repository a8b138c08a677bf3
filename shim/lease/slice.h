/* SPDX-License-Identifier: ISC */
/*
 * The address plan: which address a program is given for the one that it asked
 * for, and back.
 *
 * Pure arithmetic by the terms of a lease: no system call, no state, no heap.
 * All is async-signal-safe, keeps errno, and is shared by the shim and the
 * tools.
 */
#ifndef SLICE_H
#define SLICE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
	TERMS_PORTS = 32, /* port ranges */
	TERMS_OWN = 16, /* addresses of the host's own interfaces */
	TERMS_TEXT = 2048 /* bytes of the text form, its NUL included */
};

/* Hosts of a slice that stand for something else than 127.0.0.N. */
enum {
	HOST_LEASED = 1, /* localhost and the IPv4 or dual-stack wildcard */
	HOST_HOSTNAME = 253, /* 127.0.1.1, the host's own name on Debian */
	HOST_LOOPBACK6 = 254 /* ::1 and the wildcard of IPv6 alone */
};

enum {
	TERMS_ADOPTED = 1, /* one address that the caller chose, no slice */
	TERMS_TRAP = 2, /* a seccomp filter of this lease is below the shim */
	TERMS_SAID = 4, /* the one line about a missing record was said */
	TERMS_BYPASS = 8 /* another lease's filter is, which lets us pass */
};

struct port_range {
	uint16_t first; /* host byte order, inclusive */
	uint16_t last; /* inclusive */
};

/* The terms of a lease: all that a translation depends on. */
struct terms {
	uint32_t leased; /* host byte order: 127.A.B.1, or the adopted one */
	uint32_t flags; /* TERMS_* */
	uint32_t nports;
	uint32_t nown;
	struct port_range ports[TERMS_PORTS]; /* the declared ports */
	struct in6_addr own[TERMS_OWN]; /* IPv4 as ::ffff:a.b.c.d */
};

/* An address and a port; IPv4 is kept v4-mapped. */
struct endpoint {
	struct in6_addr addr;
	uint16_t port; /* host byte order */
	uint16_t family; /* AF_INET or AF_INET6: of the sockaddr it came from */
};

/* What the arithmetic depends on beside the address. */
struct sock_kind {
	bool v6only; /* IPV6_V6ONLY as the program set it */
	bool datagram; /* anything but SOCK_STREAM */
};

/* Where a bind goes. */
enum placing {
	PLACE_PASS, /* unchanged: not ours to move */
	PLACE_EXACT, /* given, and arithmetic finds the asked name */
	PLACE_KEPT, /* given, and the asked name must be remembered */
	PLACE_OUTSIDE /* unchanged, though the port is declared: a finding */
};

/* Read a sockaddr; false when it is no complete AF_INET or AF_INET6 one. */
bool endpoint_read(
    struct endpoint *ep, const struct sockaddr *sa, socklen_t len);

/*
 * Write ep as a sockaddr of its family into room bytes, cut if need be.
 * Returns the full length, as the kernel does (getsockname(2)).  Flow label
 * and scope are 0.
 */
socklen_t endpoint_write(const struct endpoint *ep, void *sa, socklen_t room);

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

/* The same address and port, whatever the family of the socket. */
bool endpoint_same(const struct endpoint *a, const struct endpoint *b);

/* Is the address a wildcard: 0.0.0.0, mapped or not, or ::? */
bool endpoint_any(const struct endpoint *ep);

/* The IPv4 address in host byte order; 0 when ep is not IPv4 or mapped. */
uint32_t endpoint_ip4(const struct endpoint *ep);

/* ip (host byte order) and port, as a socket of this family names them. */
struct endpoint endpoint_of(uint16_t family, uint32_t ip, uint16_t port);

bool terms_declares(const struct terms *t, uint16_t port);

/* The length of the prefix that is the lease's: a /24, or one address. */
int terms_prefix(const struct terms *t);

/* Does ip (host byte order) belong to the lease alone? */
bool slice_holds(const struct terms *t, uint32_t ip);

/* The same for an endpoint; false for any address that is not IPv4. */
bool slice_contains(const struct terms *t, const struct endpoint *ep);

/* Where a bind of asked goes.  given is always set. */
enum placing slice_bind(const struct terms *t, const struct endpoint *asked,
    struct sock_kind sock, struct endpoint *given);

/*
 * Where a connection to asked may go inside the lease; returns how many ends,
 * 0 when it can only go outside.  The first one refuses when it has no
 * listener.  The second counts only for a socket that was bound there as the
 * wildcard (and, when asked is IPv6, as the IPv6 one).
 */
size_t slice_reach(const struct terms *t, const struct endpoint *asked,
    struct endpoint given[2]);

/* Does a socket that asked for `bound` answer at the second end? */
bool slice_answers(const struct endpoint *bound, const struct endpoint *asked);

/*
 * The source that a client of ::1 is bound to, port 0.  False for all others:
 * the kernel's choice for any 127/8 destination is 127.0.0.1, which client and
 * server would see natively.  False in adopt mode.
 */
bool slice_source(const struct terms *t, const struct endpoint *asked,
    struct endpoint *source);

/*
 * The name that the program would have seen natively, by arithmetic: end is
 * the end to be named, other the other end of the connection or NULL.  Ends
 * outside the slice come back as they are.
 */
struct endpoint slice_asked(const struct terms *t, const struct endpoint *end,
    const struct endpoint *other);

#endif
