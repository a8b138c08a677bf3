/* SPDX-License-Identifier: ISC */
/*
 * What is left of a lease, as the kernel shows it: first processes, then
 * sockets, then ports.  Judged by proof.h.
 */
#ifndef EVIDENCE_H
#define EVIDENCE_H

#include "kernel/holders.h"
#include "kernel/sockdiag.h"
#include "lease/record.h"

#include <sys/types.h>

enum { EVIDENCE_LEFT = 64 };

/* Whose a socket is, and what says so. */
enum left_kind {
	LEFT_LEASE, /* the lease's, by its address: the kernel says so */
	LEFT_RECORD, /* the lease's, by its cookie: only the record says so */
	LEFT_FOREIGN /* a stranger's, on a wildcard and a declared port */
};

/* A socket that is still there. */
struct leftover {
	struct sockdiag_socket socket;
	enum left_kind kind;
	bool blocks; /* a stranger's, for which a port was refused */
	struct holder holder; /* a process that has it open */
};

struct evidence {
	int sockets_unseen; /* errno with which sock_diag, or a socket to try
			       a port with, was refused; 0 seen */
	int processes_failed; /* errno with which the look at them failed */
	bool processes_unseen;
	bool overflowed; /* tables of the record that are needed */
	bool damaged; /* the record, while it was in use */
	unsigned int processes; /* of the lease, still alive */
	unsigned int held; /* sockets with somebody behind them */
	unsigned int fading; /* sockets that only time removes */
	unsigned int ports_held;
	unsigned int ports_cooling;
	unsigned int ports_waiting; /* of them, nobody can bind them yet: */
	int64_t waits_until; /* clock_ms, when the last TIME_WAIT is over */
	uint16_t port; /* the last port refused, 0 none */
	size_t nleft;
	/* As found; a stranger's, one for a port, gives way to the lease's. */
	struct leftover left[EVIDENCE_LEFT];
};

/*
 * Add the sockets, TCP of every state and UDP: other users and other state
 * directories have leases, too, so that nothing but the kernel tells whether
 * an address is free.  record may be NULL; with it, its cookies tell whose a
 * wildcard listener or a socket on an adopted address is.  With terms without
 * a port, which is then unknown, all sockets on an adopted address count.
 */
void evidence_sockets(struct evidence *e, struct sockdiag *diag,
    const struct terms *t, const struct record *record);

/*
 * The same, and when nothing is held, try to bind each declared port.  A
 * refusal that a stranger on a wildcard explains is the stranger's (blocks);
 * any other port that is refused counts as held or cooling.
 */
void evidence_all(struct evidence *e, struct sockdiag *diag,
    const struct terms *t, const struct record *record);

/* The first one left that is the lease's own; NULL: none. */
const struct leftover *evidence_held(const struct evidence *e);

/* Find the processes that hold what is left: one pass over /proc. */
void evidence_holders(struct evidence *e);

#endif
