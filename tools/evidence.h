/* SPDX-License-Identifier: ISC */
/*
 * Evidence of what is left of a lease: gathered from the kernel, in the
 * order that proves (first no processes, then sockets, then ports), and
 * judged by proof.h.
 */
#ifndef EVIDENCE_H
#define EVIDENCE_H

#include "../shim/record.h"
#include "sockdiag.h"

#include <sys/types.h>

enum { EVIDENCE_LEFT = 64, HOLDER_LINE = 160 };

/* A socket that is still there. */
struct leftover {
	struct sockdiag_socket socket;
	bool blocks; /* a stranger's, for which a port was refused */
	pid_t holder; /* a process that has it open; 0 none found */
	uid_t uid; /* of the holder */
	char line[HOLDER_LINE];
};

struct evidence {
	int sockets_unseen; /* errno with which sock_diag refused; 0 seen */
	bool processes_unseen;
	bool overflowed; /* tables of the record that are needed */
	bool damaged; /* the record, while it was in use */
	unsigned int processes; /* of the lease, still alive */
	unsigned int held; /* sockets with somebody behind them */
	unsigned int fading; /* sockets that only time removes */
	unsigned int ports_held;
	unsigned int ports_cooling;
	uint16_t port; /* the last port refused, 0 none */
	unsigned int foreign; /* strangers on a wildcard and a declared port */
	size_t nleft;
	struct leftover left[EVIDENCE_LEFT]; /* held ones, then foreign */
};

enum look {
	LOOK_CHEAP, /* listeners alone: bound sockets cost a walk */
	LOOK_WALK /* all TCP states, and UDP */
};

/*
 * Add what sockets say.  record may be NULL; with it, its cookies tell whose
 * a wildcard listener or a socket on an adopted address is.  Terms without any
 * port mean that nobody knows them: all count.
 */
void evidence_sockets(struct evidence *e, struct sockdiag *diag,
    const struct terms *t, const struct record *record, enum look look);

/*
 * The same, and what binding each declared port says when nothing is held.
 * Where a port is refused and a stranger on a wildcard explains it, it is the
 * stranger's (blocks), not the lease's; otherwise it counts as held or
 * cooling.
 */
void evidence_all(struct evidence *e, struct sockdiag *diag,
    const struct terms *t, const struct record *record, enum look look);

/* Find who holds what is left: one pass over /proc, only if needed. */
void evidence_holders(struct evidence *e);

#endif
