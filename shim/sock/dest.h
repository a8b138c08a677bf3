/* SPDX-License-Identifier: ISC */
/*
 * Where a connect or a datagram goes: into the lease, or out.
 */
#ifndef DEST_H
#define DEST_H

#include "sock/ctx.h"

/*
 * Does a socket of this protocol that asks for `asked` go inside?  Then given
 * is set.  Declared ports always do; others when somebody in the lease is
 * there now, by the record and a bind probe.  Keeps errno.
 */
bool dest_inside(const struct lease_ctx *a, const struct endpoint *asked,
    uint8_t protocol, struct endpoint *given);

/* Is nobody at this given place, by the record and by a bind probe? */
bool dest_empty(
    const struct lease_ctx *a, const struct endpoint *given, uint8_t protocol);

/*
 * The peer's name that a native connect to `asked` would have given the
 * socket: a wildcard means loopback (ip(7), RFC 4291 2.5.2 as Linux has it).
 */
struct endpoint dest_native(const struct endpoint *asked);

#endif
