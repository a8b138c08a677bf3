/* SPDX-License-Identifier: ISC */
/*
 * What the kernel says of its sockets, over NETLINK_SOCK_DIAG: see
 * sock_diag(7).  Unprivileged, and of our own network namespace only.
 *
 * A dump is no snapshot: sockets that change meanwhile may be missed or seen
 * twice (the cookie tells).  Callbacks run after a dump has ended well, so
 * they may use the handle; they return 0 to go on, any other value ends the
 * walk and is its result.  A handle belongs to one thread.
 */
#ifndef SOCKDIAG_H
#define SOCKDIAG_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The states of TCP are those of netinet/tcp.h (TCP_LISTEN, ...), and this
 * one: bound, but neither listening nor connected.  Linux shows it since 6.8.
 */
#define SOCKDIAG_BOUND 13

struct sockdiag_socket {
	struct in6_addr laddr; /* IPv4 as v4-mapped */
	struct in6_addr raddr;
	uint16_t lport; /* host order */
	uint16_t rport;
	uint8_t family; /* AF_INET or AF_INET6, of the socket */
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	uint8_t state; /* UDP: TCP_ESTABLISHED or TCP_CLOSE */
	uint8_t timer; /* 0 none, 1 retransmit, 2 keepalive,
			  3 TIME_WAIT, 4 window probe */
	uint32_t expires; /* milliseconds until the timer fires */
	uint32_t rqueue; /* bytes; LISTEN: connections not accepted yet */
	uint32_t wqueue; /* bytes; LISTEN: the backlog */
	uint32_t inode; /* 0: nobody's any more */
	uint32_t uid; /* of who made it; 0 too when it is nobody's */
	uint64_t cookie; /* as SO_COOKIE has it */
	bool v6only; /* known of listeners and unconnected sockets */
};

struct sockdiag;

/*
 * From the heap, or NULL with errno: EPERM, EACCES, EPROTONOSUPPORT,
 * EAFNOSUPPORT where sock_diag is refused.
 */
struct sockdiag *sockdiag_open(void);
void sockdiag_close(struct sockdiag *diag); /* NULL is no error */

/*
 * The dumps.  net is in host order, prefix_len 0 to 32; 0 takes everything,
 * IPv6 too.  0 at the end, or what each returned; -1 with errno: EPERM,
 * EACCES, ENOENT, EOPNOTSUPP, EPROTONOSUPPORT where sock_diag or the module
 * for the protocol is refused or missing, EINTR when the table kept changing,
 * ETIMEDOUT, EBADMSG, ENOMEM.  After -1 each was not called at all.
 */

/* TCP in all states, with either end in the prefix.  Walks the whole table. */
int sockdiag_tcp_slice(struct sockdiag *diag, uint32_t net, int prefix_len,
    int (*each)(const struct sockdiag_socket *, void *arg), void *arg);

/*
 * TCP in LISTEN alone, with the local address in the prefix or a wildcard (see
 * sockdiag_wildcard).  Cheap: a hundredth of a walk.
 */
int sockdiag_tcp_listening(struct sockdiag *diag, uint32_t net, int prefix_len,
    int (*each)(const struct sockdiag_socket *, void *arg), void *arg);

/*
 * The same in LISTEN and SOCKDIAG_BOUND.  Costs as much as the whole walk: a
 * kernel that is asked for bound sockets goes through the table of
 * connections too, for nothing (inet_diag_dump_icsk).
 */
int sockdiag_tcp_listeners(struct sockdiag *diag, uint32_t net, int prefix_len,
    int (*each)(const struct sockdiag_socket *, void *arg), void *arg);

/* UDP, with either end in the prefix, or bound to a wildcard. */
int sockdiag_udp(struct sockdiag *diag, uint32_t net, int prefix_len,
    int (*each)(const struct sockdiag_socket *, void *arg), void *arg);

/*
 * A descriptor, O_CLOEXEC and not blocking, that turns readable when a TCP
 * socket is destroyed: any on the host.  Subscribe first, then look.  The end
 * of a TIME_WAIT is not reported.  -1 with errno as sockdiag_open.
 */
int sockdiag_watch_open(void);

/*
 * Reads what there is, up to some hundred messages (poll tells of the rest).
 * Of the socket only addresses, ports, family, protocol and cookie count.  0,
 * or what each returned; -1 with ENOBUFS: some were lost, look again.
 */
int sockdiag_watch_read(
    int fd, int (*each)(const struct sockdiag_socket *, void *arg), void *arg);

/* Local address 0.0.0.0 or ::, in whatever family. */
bool sockdiag_wildcard(const struct sockdiag_socket *socket);

/* Whether an address, v4-mapped or not, lies in an IPv4 prefix. */
bool sockdiag_within(const struct in6_addr *addr, uint32_t net, int prefix_len);

/* "LISTEN", "TIME_WAIT", "BOUND"; "UNKNOWN" for what no table has. */
const char *sockdiag_state_name(uint8_t state);

/* "127.0.0.1:80", "[::1]:80".  Returns text. */
#define SOCKDIAG_ENDPOINT 56
char *sockdiag_endpoint(
    const struct in6_addr *addr, uint16_t port, char text[SOCKDIAG_ENDPOINT]);

/* --- the decoder beneath: pure ------------------------------------------ */

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
	int (*take)(const struct sockdiag_socket *, void *arg); /* 0, or -1 */
	void *arg;
};

/*
 * Walks one datagram of an answer.  1 when more must follow, 0 when this was
 * the end; -1 with the errno that the kernel sent, EBADMSG, or take's.
 */
int sockdiag_walk(
    const void *datagram, size_t len, struct sockdiag_reply *reply);

#endif
