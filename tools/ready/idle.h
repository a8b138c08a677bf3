/* SPDX-License-Identifier: ISC */
/*
 * The idle clock: it runs only while a whole tree of processes sleeps.  Two
 * samples are compared, and what stirred between them is a rule table.  Pure.
 */
#ifndef IDLE_H
#define IDLE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One thread, as /proc shows it at one moment. */
struct beat {
	pid_t pid; /* of its process */
	pid_t tid;
	char state; /* as in proc(5) */
	uint64_t ran; /* nanoseconds on a processor */
	uint64_t waited; /* nanoseconds runnable, without one */
	uint64_t bytes; /* of the whole process, at its leader; else 0 */
};

/* All threads of a tree, sorted by tid, and the record's counters. */
struct beats {
	struct beat *list; /* heap */
	size_t n;
	uint64_t events;
};

/* What stirred; in the order in which it is told. */
enum stir {
	STIR_NONE, /* all asleep */
	STIR_EVENTS, /* something entered the record */
	STIR_BYTES, /* read or written, page faults from disk included */
	STIR_DISK, /* uninterruptible sleep */
	STIR_TASKS, /* threads came or went */
	STIR_STARVED, /* waited for a processor longer than it ran */
	STIR_RAN,
	STIR_TRACED, /* stopped by a debugger: somebody is looking at it */
	STIRS
};

/*
 * What happened in the ms milliseconds between two samples.  A tree that used
 * or wanted a processor for less than a two-hundredth of the time counts as
 * asleep: servers that hang still have timers.
 */
enum stir idle_compare(
    const struct beats *before, const struct beats *now, int64_t ms);

struct idle {
	int64_t asleep; /* milliseconds in a row */
	int64_t unmoved; /* milliseconds since more than a processor moved */
	enum stir last;
};

void idle_advance(struct idle *clock, enum stir stir, int64_t ms);

/* For people: "asleep", "reading and writing", ... */
const char *idle_doing(enum stir stir);

#endif
