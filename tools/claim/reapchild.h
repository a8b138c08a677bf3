/* SPDX-License-Identifier: ISC */
/*
 * `portlease reap` of one address, as a child: whoever waits for the address
 * can wait for it, or stop waiting; the orphan is finished all the same.
 */
#ifndef REAPCHILD_H
#define REAPCHILD_H

#include "store/statedir.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct reapchild {
	pid_t pid; /* 0: none runs */
	int fd; /* its output */
	char said[512]; /* the end of what it says */
	size_t len;
	bool failed; /* the last one could not do its work, and says why */
};

/*
 * Start one that asks with sig and waits grace milliseconds.  The caller must
 * not hold the sentinel.  0; -1 with errno.
 */
int reapchild_start(struct reapchild *f, const struct statedir *dir,
    uint32_t ip, int sig, int64_t grace);

/*
 * Wait until it ends (pid is 0 then), or wake turns readable, for at most ms
 * milliseconds.
 */
void reapchild_wait(struct reapchild *f, int wake, int64_t ms);

/* What it said last, printable; "" nothing.  In f. */
const char *reapchild_line(struct reapchild *f);

/* It goes on without us. */
void reapchild_leave(struct reapchild *f);

#endif
