/* SPDX-License-Identifier: ISC */
/*
 * What the exported calls tell the record.  Each function completes the facts
 * of a call, of which asked, given, protocol and v6only must be set.  Without
 * a record nothing happens.  All keep errno and are async-signal-safe.
 */
#ifndef TRACE_H
#define TRACE_H

#include "sock/ctx.h"

/* What a connect changed in the record, to be undone when it fails. */
struct connect_undo {
	bool noted; /* there is a binding since */
	bool renewed; /* and there was one before, this: */
	struct sockcall before;
};

/* A bind succeeded, and this is where it went. */
void trace_bind(const struct lease_ctx *ctx, int fd, struct sockcall *call,
    enum placing placing);

/*
 * A connect is about to be made.  With keep, arithmetic will not find the
 * name that the program asked for; an older binding is renewed in any case.
 */
void trace_connect(const struct lease_ctx *ctx, int fd, struct sockcall *call,
    bool keep, struct connect_undo *undo);

/* The connect was not even begun: the socket is what it was. */
void trace_connect_undo(const struct lease_ctx *ctx,
    const struct sockcall *call, struct connect_undo *undo);

/* A datagram is about to be sent whose answer arithmetic would misname. */
void trace_sent(const struct lease_ctx *ctx, int fd, struct sockcall *call);

/* A connection was accepted; asked and given name its peer. */
void trace_accepted(const struct lease_ctx *ctx, int fd, struct sockcall *call);

/* A listen succeeded. */
void trace_listening(const struct lease_ctx *ctx);

#endif
