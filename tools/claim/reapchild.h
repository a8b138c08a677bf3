/* SPDX-License-Identifier: ISC */
/*
 * `portlease reap` as a process of its own, so that a claim can wait for it or
 * stop waiting: the orphan is finished all the same.
 */
#ifndef REAPCHILD_H
#define REAPCHILD_H

#include "base/tail.h"

#include <stdint.h>
#include <sys/types.h>

struct reapchild {
	pid_t pid; /* 0: none runs */
	int fd; /* its output */
	struct tail said; /* the end of what it says */
	bool failed; /* the last one could not do its work, and says why */
};

/*
 * In a forked child: become `portlease reap` of this address, or of all with
 * 0 and then quietly, in a session of its own.  It asks with sig, waits grace
 * milliseconds, writes to out, has only the variables of env, and keeps no
 * other descriptor.
 */
_Noreturn void reapchild_exec(
    uint32_t ip, int sig, int64_t grace, int out, char *const env[]);

/*
 * Start one, for a record in the directory dir.  The caller must not hold the
 * lock of the address.  0; -1 with errno.
 */
int reapchild_start(
    struct reapchild *r, const char *dir, uint32_t ip, int sig, int64_t grace);

/*
 * Wait until it ends (pid is 0 then), or wake turns readable, for at most ms
 * milliseconds.
 */
void reapchild_wait(struct reapchild *r, int wake, int64_t ms);

/* The last line that it said, without our name before it; "" none. */
void reapchild_line(const struct reapchild *r, char line[static TAIL_SIZE]);

/* It goes on without us. */
void reapchild_leave(struct reapchild *r);

#endif
