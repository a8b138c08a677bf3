/* SPDX-License-Identifier: ISC */
/*
 * Moving a socket: its bind into the lease, the source of a client of ::1
 * into the slice, and out again.
 */
#ifndef BIND_H
#define BIND_H

#include "sock/ctx.h"

/*
 * bind(2) for an IP name, which sa and len hold as the program passed it:
 * they are used where the socket is not ours to move.  Result and errno are
 * those of the real bind.
 */
int bind_socket(const struct lease_ctx *ctx, int fd,
    const struct endpoint *asked, const struct sockaddr *sa, socklen_t len);

/*
 * Prepare a client that asked for call->asked and will be sent to an IPv4 or
 * v4-mapped end: bind a TCP client of ::1 to the alias of ::1, let an IPv6 one
 * speak IPv4.
 * Returns true when IPV6_V6ONLY, which the program had set, was cleared for
 * that.  Keeps errno, as the next two do.
 */
bool bind_client(
    const struct lease_ctx *ctx, int fd, const struct sockcall *call);

/*
 * Undo the source of a client of ::1 that was refused and now goes outside.
 * A socket that the program has bound stays where it is.
 */
void bind_undo(const struct lease_ctx *ctx, int fd);

/* Bind a socket that is about to listen without a bind. */
void bind_listener(const struct lease_ctx *ctx, int fd);

#endif
