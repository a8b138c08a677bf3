/* SPDX-License-Identifier: ISC */
/*
 * The idle clock: it runs only while a whole tree of processes sleeps.  Two
 * samples of the tree are compared, and what it did between them is the first
 * rule that holds.  Pure.
 */
#ifndef IDLE_H
#define IDLE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One thread, as /proc shows it at one moment. */
struct thread_sample {
	pid_t pid; /* of its process */
	pid_t tid;
	char state; /* as in proc(5) */
	uint64_t ran; /* nanoseconds on a processor */
	uint64_t waited; /* nanoseconds runnable, without one */
	uint64_t bytes; /* of the whole process, at its leader; else 0 */
};

/* All threads of a tree, sorted by tid, and the record's counters. */
struct sample {
	struct thread_sample *threads; /* heap */
	size_t n;
	uint64_t events;
};

/* What a tree did; when it did several things, the first of them. */
enum activity {
	ACTIVITY_NONE, /* all asleep */
	ACTIVITY_EVENTS, /* something entered the record */
	ACTIVITY_BYTES, /* read or written, page faults from disk included */
	ACTIVITY_DISK, /* uninterruptible sleep */
	ACTIVITY_THREADS, /* threads came or went */
	ACTIVITY_STARVED, /* waited for a processor longer than it ran */
	ACTIVITY_RAN,
	ACTIVITY_TRACED, /* stopped by a debugger: somebody is looking at it */
	ACTIVITIES
};

/*
 * What happened in the ms milliseconds between two samples.  A tree that used
 * or wanted a processor for less than a two-hundredth of the time counts as
 * asleep: servers that hang still have timers.
 */
enum activity idle_compare(
    const struct sample *before, const struct sample *now, int64_t ms);

struct idle {
	int64_t asleep; /* milliseconds in a row */
	int64_t unmoved; /* milliseconds since anything but a processor moved */
	enum activity last;
};

void idle_advance(struct idle *clock, enum activity activity, int64_t ms);

/* For people: "asleep", "reading and writing", ... */
const char *idle_doing(enum activity activity);

#endif
