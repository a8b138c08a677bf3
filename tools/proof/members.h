/* SPDX-License-Identifier: ISC */
/* The living processes of a lease, found by their witnesses (witness.h). */
#ifndef MEMBERS_H
#define MEMBERS_H

#include "proof/witness.h"

struct member {
	pid_t pid;
	uint64_t start;
	unsigned int witnesses; /* WITNESS_* */
	char line[HOLDER_LINE];
};

struct members {
	struct member *list; /* from the heap */
	size_t n;
	size_t starting; /* the owner's forks since the lease without another
			    witness: they may be about to call exec */
	bool explained; /* the record is mapped by a process that is excluded,
			   or by one of our tools: it may stay so */
	bool unseen; /* some process could not be looked at, or one that maps
			the record was not found */
};

/* Which processes are looked at. */
enum members_among {
	AMONG_IMAGES, /* those that the record lists */
	AMONG_ALL, /* every process that /proc shows */
	AMONG_OTHERS /* of these, all but our descendants */
};

/*
 * Find the living processes with at least one witness.  The record of s may be
 * unreadable or past: then it is no witness, and its owner unknown.  0; -1
 * with errno (EMFILE, ENOMEM) when that could not be found out: the list is
 * empty then, and says nothing.
 */
int members_find(struct members *m, const struct stored *s,
    const struct evidence *sockets, enum members_among among);
void members_free(struct members *m);

/* Add one that may be there already.  0; -1 with errno. */
int members_add(struct members *m, const struct member *one);

/*
 * Drop the processes that have called `portlease release` since.  When that
 * cannot be found out, none counts as proven any more.
 */
void members_exclude_callers(struct members *m, const struct stored *s);

bool members_proven(const struct member *member);

#endif
