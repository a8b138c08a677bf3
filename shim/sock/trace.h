/* SPDX-License-Identifier: ISC */
/*
 * What the exported calls tell the record.  Without a record nothing
 * happens.  All functions keep errno and are async-signal-safe.
 */
#ifndef TRACE_H
#define TRACE_H

#include "sock/ctx.h"

/* A call as the record wants to know it. */
struct sockcall {
	int fd;
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	bool v6only; /* as the program set it */
	struct endpoint asked;
	struct endpoint given;
};

/* What a connect changes in the record, to be undone when it fails. */
struct connect_undo {
	struct binding before; /* the way until then, if valid */
	struct binding made; /* and since, if valid */
};

/* A bind succeeded and its way is to be remembered. */
void trace_bound(const struct lease_ctx *a, struct sockcall *call);

/* A bind succeeded that was not ours to move. */
void trace_passed(const struct lease_ctx *a, struct sockcall *call);

/* A declared port was bound outside the lease. */
void trace_outside(const struct lease_ctx *a, struct sockcall *call);

/*
 * A connect is about to be made.  With way, arithmetic will not find the
 * name that the program asked for; an older way of the socket is renewed.
 */
void trace_connect(const struct lease_ctx *a, const struct sockcall *call,
    bool way, struct connect_undo *connect_undo);

/* It was not even begun: the socket is what it was. */
void trace_connect_undo(
    const struct lease_ctx *a, const struct connect_undo *connect_undo);

/* A datagram is about to be sent whose answer arithmetic would misname. */
void trace_sent(const struct lease_ctx *a, const struct sockcall *call);

/* A connection was accepted; asked and given name its peer. */
void trace_accepted(const struct lease_ctx *a, const struct sockcall *call);

/* A listen succeeded. */
void trace_listening(const struct lease_ctx *a);

#endif
