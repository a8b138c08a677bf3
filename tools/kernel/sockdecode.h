/* SPDX-License-Identifier: ISC */
/*
 * What an answer of NETLINK_SOCK_DIAG says of sockets: see sock_diag(7).
 * Pure, but for the heap.
 */
#ifndef SOCKDECODE_H
#define SOCKDECODE_H

#include "lease/slice.h"

/*
 * The states of TCP are those of netinet/tcp.h (TCP_LISTEN, ...), and this
 * one: bound, but neither listening nor connected.  Linux shows it since 6.8.
 */
#define SOCKDIAG_BOUND 13

struct sockdiag_socket {
	struct endpoint local; /* AF_INET, too, when it is v4-mapped */
	struct endpoint remote;
	uint8_t family; /* AF_INET or AF_INET6, of the socket */
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	uint8_t state; /* UDP: TCP_ESTABLISHED or TCP_CLOSE */
	bool v6only; /* known of listeners and unconnected sockets */
	uint32_t inode; /* 0: no process has it any more */
	uint32_t uid; /* of the user who made it; 0 when inode is */
	uint32_t queued; /* LISTEN: connections that wait for accept(2) */
	uint64_t cookie; /* as SO_COOKIE has it */
	uint32_t time_wait; /* milliseconds until it is over, 0 none */
};

struct sockets {
	struct sockdiag_socket *list; /* from the heap */
	size_t n;
};

/* 0; -1 with ENOMEM. */
int sockets_add(struct sockets *all, const struct sockdiag_socket *socket);
void sockets_free(struct sockets *all);

/* Local address 0.0.0.0 or ::, in either family. */
bool sockdiag_wildcard(const struct sockdiag_socket *socket);

/* Does an end, v4-mapped or not, lie in an IPv4 prefix (host order)? */
bool sockdiag_within(const struct endpoint *end, uint32_t net, int prefix_len);

/* "LISTEN", "TIME_WAIT", "BOUND"; "UNKNOWN" for what no table has. */
const char *sockdiag_state_name(uint8_t state);

/*
 * Decodes the payload of one answer (struct inet_diag_msg and attributes,
 * aligned to 4).  0; -1 with EBADMSG.
 */
int sockdiag_decode(
    const void *payload, size_t len, struct sockdiag_socket *socket);

/* What to expect of an answer, and where its sockets go. */
struct sockdiag_reply {
	uint32_t seq;
	uint32_t portid;
	uint8_t protocol;
	bool interrupted; /* set: NLM_F_DUMP_INTR was seen */
	struct sockets *out;
};

/*
 * Walks one datagram of an answer.  1 when more must follow, 0 when this was
 * the end; -1 with the errno that the kernel sent, EBADMSG or ENOMEM.
 */
int sockdiag_walk(
    const void *datagram, size_t len, struct sockdiag_reply *reply);

/*
 * Adds the sockets in a datagram that answers no request.  What cannot be
 * decoded is passed over.  0; -1 with ENOMEM.
 */
int sockdiag_collect(const void *datagram, size_t len, struct sockets *out);

#endif
