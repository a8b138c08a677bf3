/* SPDX-License-Identifier: ISC */
/*
 * What the exported calls tell the record.  Without a record nothing
 * happens.  All functions keep errno and are async-signal-safe.
 */
#ifndef NOTE_H
#define NOTE_H

#include "hook/attach.h"

/* A call as the record wants to know it. */
struct noted {
	int fd;
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	bool v6only; /* as the program set it */
	struct endpoint asked;
	struct endpoint given;
};

/* What a connect changes in the record, to be undone when it fails. */
struct turning {
	struct way before; /* the way until then, if valid */
	struct way made; /* and since, if valid */
};

/* A bind succeeded and its way is to be remembered. */
void note_bound(const struct attachment *a, struct noted *call);

/* A bind succeeded that was not ours to move. */
void note_passed(const struct attachment *a, struct noted *call);

/* A declared port was bound outside the lease. */
void note_outside(const struct attachment *a, struct noted *call);

/*
 * A connect is about to be made.  With way, arithmetic will not find the
 * name that the program asked for; an older way of the socket is renewed.
 */
void note_connect(const struct attachment *a, const struct noted *call,
    bool way, struct turning *turning);

/* It was not even begun: the socket is what it was. */
void note_unconnected(
    const struct attachment *a, const struct turning *turning);

/* A datagram is about to be sent whose answer arithmetic would misname. */
void note_sent(const struct attachment *a, const struct noted *call);

/* A connection was accepted; asked and given name its peer. */
void note_accepted(const struct attachment *a, const struct noted *call);

/* A listen succeeded. */
void note_listening(const struct attachment *a);

#endif
