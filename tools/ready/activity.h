/* SPDX-License-Identifier: ISC */
/*
 * Samples the threads of a tree of processes, for the idle clock.
 *
 * A process can only be born of one that ran.  So the tree is listed anew, a
 * pass over /proc, only when all known threads sleep although a process was
 * born somewhere on the machine; otherwise a sample costs a few reads a
 * thread.
 */
#ifndef ACTIVITY_H
#define ACTIVITY_H

#include "lease/record.h"
#include "ready/idle.h"

struct sampler {
	pid_t root; /* the tree is its descendants; 0: the record's images */
	const struct record *record; /* its events count */
	struct sample last;
	char born[24]; /* the last pid of the system at the last listing */
};

/*
 * What the tree did in the ms milliseconds since the last sample.  exclude and
 * its descendants do not count; 0: nobody.
 */
enum activity activity_sample(struct sampler *s, pid_t exclude, int64_t ms);

void activity_free(struct sampler *s);

/*
 * The pid and tid of every thread of the tree, the rest 0.  The list is from
 * the heap; short of memory it is incomplete.
 */
struct sample activity_threads(
    pid_t root, const struct record *record, pid_t exclude);

#endif
