/* SPDX-License-Identifier: ISC */
/*
 * Whose processes run in a lease when ancestry cannot tell: those that
 * `portlease exec` started, and all of them once their monitor is lost.
 *
 * Pids are reused and environments copied, so a process counts as the
 * lease's only when two independent witnesses say so; no other is signalled.
 */
#ifndef MEMBERS_H
#define MEMBERS_H

#include "proof/evidence.h"
#include "store/store.h"

#include <stdint.h>

enum {
	WITNESS_RECORD = 1, /* the record lists its pid and start time, or a
			       socket that it holds and that nothing else
			       calls the lease's */
	WITNESS_MARK = 2, /* its environment names the record */
	WITNESS_SOCKET = 4, /* it holds a socket on the leased address */
	WITNESS_PARENT = 8 /* its parent is a tenant, or the owner of an
			       acquired lease; of whom only the record knows,
			       so that one does not count beside the other */
};

struct member {
	pid_t pid;
	uint64_t start;
	unsigned int witnesses; /* WITNESS_* */
	char line[HOLDER_LINE];
};

struct members {
	struct member *list; /* from the heap */
	size_t n;
	size_t starting; /* the owner's forks since the lease that show no
			    other witness: yet to execute what they are for? */
	bool unseen; /* some process could not be looked at */
};

/* Who is looked at. */
enum members_among {
	AMONG_IMAGES, /* whom the record lists */
	AMONG_ALL /* every process that /proc shows */
};

/*
 * Find the living processes with at least one witness.  s may be unreadable:
 * or past: then the record is no witness, and its owner unknown.  e, or NULL,
 * lists sockets of the lease.  Ourselves, the lease's owner, the callers of
 * `portlease release`, and the ancestors of all of these are left out.  0; -1
 * with errno when that could not be found out (EMFILE, ENOMEM): the list is
 * empty then, and says nothing.
 */
int members_find(struct members *t, const struct stored *s,
    const struct evidence *e, enum members_among among);
void members_free(struct members *t);

/*
 * Leave out whoever has called `portlease release` meanwhile.  When that cannot
 * be found out nobody counts as proven any more.
 */
void members_excuse(struct members *t, const struct stored *s);

bool members_proven(const struct member *tenant);

/*
 * Send SIGKILL to every proven one as soon as it is seen, the youngest first:
 * who forks and exits all the time is gone before a whole pass is over.
 * Returns how many were.
 */
size_t members_kill(const struct stored *s, const struct evidence *e);

/*
 * How many have one witness only and are still there after a moment, without
 * asking for the end of the lease: they are never signalled, but a process
 * that is dying tells less and less of itself.  The others of them are dropped
 * from the list.
 */
size_t members_unproven(struct members *t, const struct stored *s);

/*
 * Wait at most ms for the proven ones to end; returns how many are left, those
 * among them of which we cannot know.
 */
size_t members_wait(const struct members *t, int64_t ms);

/*
 * Ask the proven ones to end, wait for that at most grace milliseconds, then
 * send SIGKILL and wait ten seconds.  Returns how many of them are left.
 */
size_t members_end(const struct members *t, int sig, int64_t grace);

#endif
