/* SPDX-License-Identifier: ISC */
/*
 * bind, connect and listen, made for a lease: what libc's calls do, on the
 * address that the lease gives, and recorded.  The shim makes them for its own
 * program, the monitor for programs below the filter of --trap.  Results and
 * errno are those of the real calls.
 */
#ifndef SOCKOPS_H
#define SOCKOPS_H

#include "sock/trace.h"

/* Is this a name for bind that can be moved? */
bool sockops_binds(
    struct endpoint *asked, const struct sockaddr *sa, socklen_t len);

int sockops_bind(const struct lease_ctx *ctx, int fd, const struct sockaddr *sa,
    socklen_t len);
int sockops_connect(const struct lease_ctx *ctx, int fd,
    const struct sockaddr *sa, socklen_t len);
int sockops_listen(const struct lease_ctx *ctx, int fd, int backlog);

/*
 * A connect that was traced has failed with errno, which is kept: undo what
 * was done for it, unless the kernel goes on trying.
 */
void sockops_connect_failed(const struct lease_ctx *ctx, int fd,
    const struct sockcall *call, struct connect_undo *undo);

#endif
