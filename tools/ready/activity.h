/* SPDX-License-Identifier: ISC */
/*
 * Samples a tree of processes for the idle clock.
 *
 * Whoever is born has a parent that ran.  So the tree is listed anew, a pass
 * over /proc, only when all known threads sleep and somebody, anywhere, was
 * born since; a tree that moves costs a few reads a thread.
 */
#ifndef ACTIVITY_H
#define ACTIVITY_H

#include "lease/record.h"
#include "ready/idle.h"

struct activity {
	pid_t root; /* whose descendants are meant; 0: the record's images */
	const struct record *record; /* its events count */
	struct beats known; /* as of the last sample */
	char born[24]; /* the last pid of the system at the last listing */
};

/*
 * What stirred in the tree in the ms milliseconds since the last sample.
 * spare and its descendants do not count; 0: nobody.
 */
enum stir activity_take(struct activity *p, pid_t spare, int64_t ms);

void activity_free(struct activity *p);

/*
 * Call each for every thread of the tree, and return how many processes there
 * were; -1 with errno.
 */
ssize_t activity_threads(pid_t root, const struct record *record, pid_t spare,
    void (*each)(pid_t pid, pid_t tid, void *arg), void *arg);

#endif
