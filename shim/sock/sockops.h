/* SPDX-License-Identifier: ISC */
/*
 * The three calls that put a socket somewhere, made for a lease: what libc's
 * do, on the address that the lease gives, and noted in the record.  The
 * shim makes them for its own program, the net of --trap for another.
 * Results and errno are those of the real calls.
 */
#ifndef SOCKOPS_H
#define SOCKOPS_H

#include "sock/ctx.h"

/* Is this a name for bind that can be moved? */
bool sockops_binds(
    struct endpoint *asked, const struct sockaddr *sa, socklen_t len);

int sockops_bind(const struct lease_ctx *a, int fd, const struct sockaddr *sa,
    socklen_t len);
int sockops_connect(const struct lease_ctx *a, int fd,
    const struct sockaddr *sa, socklen_t len);
int sockops_listen(const struct lease_ctx *a, int fd, int backlog);

#endif
