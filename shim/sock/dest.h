/* SPDX-License-Identifier: ISC */
/*
 * Where a connect or a datagram goes: into the lease, or out.
 */
#ifndef DEST_H
#define DEST_H

#include "sock/ctx.h"

/*
 * Does a socket of this protocol that asks for call->asked go inside?  Then
 * call->given says where to.  Declared ports always do; others when a socket
 * of the lease is there now, by the record and a bind probe.  Keeps errno.
 */
bool dest_inside(const struct lease_ctx *ctx, struct sockcall *call);

/* Is there no socket at call->given, by the record and by a bind probe? */
bool dest_empty(const struct lease_ctx *ctx, const struct sockcall *call);

/*
 * The peer's name that a native connect to `asked` would have given the
 * socket: a wildcard means loopback (ip(7), RFC 4291 2.5.2 as Linux has it).
 */
struct endpoint dest_native(const struct endpoint *asked);

#endif
