/* SPDX-License-Identifier: ISC */
/*
 * What the kernel says of its sockets, over NETLINK_SOCK_DIAG: see
 * sock_diag(7).  Unprivileged, and of our own network namespace only.
 *
 * A dump is no snapshot: sockets that change meanwhile may be missed or seen
 * twice (the cookie tells).  A handle belongs to one thread.
 */
#ifndef SOCKDIAG_H
#define SOCKDIAG_H

#include "kernel/sockdecode.h"

struct sockdiag;

/* From the heap, or NULL with errno as netlink_open. */
struct sockdiag *sockdiag_open(void);
void sockdiag_close(struct sockdiag *diag); /* NULL is no error */

/*
 * The dumps add to a list.  net is in host order, prefix_len 0 to 32; 0 takes
 * everything, IPv6 too.  0; -1 with errno: EPERM, EACCES, ENOENT, EOPNOTSUPP,
 * EPROTONOSUPPORT where sock_diag or the module for the protocol is refused or
 * missing, EINTR when the table kept changing, ETIMEDOUT, EBADMSG, ENOMEM.
 * After -1 nothing was added.
 */

/*
 * TCP in all states, with either end in the prefix.  Walks the whole table,
 * once for both families.
 */
int sockdiag_tcp(
    struct sockdiag *diag, uint32_t net, int prefix_len, struct sockets *out);

/* The same, and those bound to a wildcard: for the price of one walk. */
int sockdiag_tcp_wide(
    struct sockdiag *diag, uint32_t net, int prefix_len, struct sockets *out);

/*
 * TCP in LISTEN alone, with the local address in the prefix or a wildcard (see
 * sockdiag_wildcard).  Cheap: a hundredth of a walk.
 */
int sockdiag_tcp_listening(
    struct sockdiag *diag, uint32_t net, int prefix_len, struct sockets *out);

/*
 * The same in LISTEN and SOCKDIAG_BOUND.  Costs as much as the whole walk: a
 * kernel that is asked for bound sockets goes through the table of
 * connections too, for nothing (inet_diag_dump_icsk).
 */
int sockdiag_tcp_bound(
    struct sockdiag *diag, uint32_t net, int prefix_len, struct sockets *out);

/* UDP, with either end in the prefix, or bound to a wildcard. */
int sockdiag_udp(
    struct sockdiag *diag, uint32_t net, int prefix_len, struct sockets *out);

/*
 * TCP in all states, and UDP, with either end in the prefix, or bound to a
 * wildcard, and with this port at that end; port 0 takes any.
 */
int sockdiag_at(struct sockdiag *diag, uint32_t net, int prefix_len,
    uint16_t port, struct sockets *out);

#endif
