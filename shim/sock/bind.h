/* SPDX-License-Identifier: ISC */
/*
 * Moving a socket: its bind into the lease, a client's source into the
 * slice, and out again.  Results and errno are those of the real bind.
 */
#ifndef BIND_H
#define BIND_H

#include "sock/ctx.h"

/*
 * bind(2) for an IP name, which sa and len hold as the program passed it:
 * they are used where the socket is not ours to move.
 */
int bind_socket(const struct lease_ctx *a, int fd, const struct endpoint *asked,
    const struct sockaddr *sa, socklen_t len);

/*
 * Prepare a client of `asked`, which will be sent to a v4-mapped or IPv4
 * place: bind a TCP one into the slice, let an IPv6 one speak IPv4.  Returns
 * true when that needed IPV6_V6ONLY, which the program had set, to be off.
 */
bool bind_client(const struct lease_ctx *a, int fd,
    const struct endpoint *asked, uint8_t protocol);

/*
 * Undo the source of a client that was refused and now goes outside.  A
 * socket that the program bound stays where it is: EINVAL.
 */
void bind_undo(const struct lease_ctx *a, int fd);

/* Bind a socket that is about to listen without a bind. */
void bind_listener(const struct lease_ctx *a, int fd);

#endif
