/* SPDX-License-Identifier: ISC */
/*
 * The way back: the names that a program sees.  Each function turns a given
 * end into the asked one in place, and leaves ends outside the lease alone.
 * By arithmetic where that is exact, from the record where it is not.  All
 * keep errno; the first three return whether ep was changed.
 */
#ifndef REVERSE_H
#define REVERSE_H

#include "sock/ctx.h"

/* The local end of fd. */
bool reverse_local(const struct lease_ctx *ctx, int fd, struct endpoint *ep);

/* The remote end of fd. */
bool reverse_peer(const struct lease_ctx *ctx, int fd, struct endpoint *ep);

/* The sender of a datagram that fd received. */
bool reverse_source(const struct lease_ctx *ctx, int fd, struct endpoint *ep);

/* Has the program bound fd, whose local end this is, itself? */
bool reverse_bound(
    const struct lease_ctx *ctx, int fd, const struct endpoint *local);

/* IPV6_V6ONLY as the program set it, where the kernel says that it is off. */
bool reverse_v6only(const struct lease_ctx *ctx, int fd);

/* The same for a client, which has bound nothing itself. */
bool reverse_lifted(const struct lease_ctx *ctx, int fd);

/* The program has set IPV6_V6ONLY itself: forget what it set before. */
void reverse_forget_v6only(const struct lease_ctx *ctx, int fd, bool v6only);

#endif
