/* SPDX-License-Identifier: ISC */
/*
 * One fault in one process of a command, injected by strace(1).
 *
 * strace counts the calls of every process that it follows, each for itself,
 * so that `strace -f` would hit the front as well as the monitor.  Therefore
 * the process is found first, by the forks that lead to it, and strace is
 * attached to it alone, before its first instruction.
 */
#ifndef SHOT_H
#define SHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
	SHOT_LIMIT = 30000, /* milliseconds, for all that is waited for */
	SHOT_LOG = 256 * 1024
};

/* Which process, which of its calls, and what happens to that. */
struct shot {
	unsigned int forks; /* 0 the command; 1 its first child; 2 the first
			       child of that */
	const char *call; /* NULL: none, all calls are logged */
	unsigned int nth; /* of the calls of this name, from 1 */
	const char *fault; /* KILL, or the name of an errno */

	/* What came of it. */
	bool hit;
	bool ended; /* the process has ended */
	int fd; /* of the log */
	char log[SHOT_LOG]; /* what strace said */
};

/* Start a command as arena_start() does, with the shot on its way.  Exits with
 * a line when strace cannot attach. */
pid_t shot_start(struct shot *shot, const char *const argv[], int *out);

/* Wait until the process has ended, and look at what strace said. */
void shot_end(struct shot *shot);

#endif
