/* SPDX-License-Identifier: ISC */
/* A process, with all that tells why it is still there; and a list of them. */
#ifndef PROCESS_H
#define PROCESS_H

#include "kernel/holders.h"

#include <limits.h>
#include <stdbool.h>

struct process {
	pid_t pid;
	pid_t parent;
	pid_t session;
	pid_t tracer; /* 0: none */
	uint64_t start; /* ticks after boot; 0: it is gone */
	uid_t uid;
	char state; /* as in proc(5) */
	bool headless; /* the leader is dead, another thread lives */
	bool dumping; /* a core */
	bool ignores; /* SIGTERM */
	char line[HOLDER_LINE]; /* its command line, printable */
	char exe[PATH_MAX]; /* as the kernel says; "" when that is not shown */
};

struct processes {
	struct process **list; /* from the heap, each */
	size_t n;
};

/*
 * The process with this pid, looked at once: valid until processes_free.  One
 * that is gone has start 0.  NULL with ENOMEM.
 */
const struct process *processes_get(struct processes *all, pid_t pid);
void processes_free(struct processes *all);

/* Does the chain of parents of pid, itself left out, reach that ancestor? */
bool processes_descends(struct processes *all, pid_t pid, pid_t ancestor);

/* Has it lost its parent to a reaper, and left the session of it? */
bool process_left_session(const struct process *p, pid_t reaper);

/* Nanoseconds of CLOCK_MONOTONIC at which a start time was. */
uint64_t process_monotonic(uint64_t start);

#endif
