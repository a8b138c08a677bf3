/* SPDX-License-Identifier: ISC */
/*
 * The descendants of a subreaper.  Whatever calls setsid or forks twice stays
 * below the nearest living subreaper, prctl(2), so ancestry is enough.
 */
#ifndef PROCTREE_H
#define PROCTREE_H

#include "kernel/procfs.h"

/*
 * All living descendants of root (zombies left out), from one pass over
 * /proc.  Returns how many, *list from the heap for the caller to free; -1
 * with errno.
 */
ssize_t proctree_descendants(pid_t root, struct procfs_stat **list);

/*
 * Does the chain of parents of pid reach root, which need not be in the list
 * itself?  The list is in the order of the pids.
 */
bool proctree_descends(
    const struct procfs_stat *list, ssize_t n, pid_t pid, pid_t root);

/*
 * Send sig, and then SIGCONT so that stopped ones see it, to all descendants
 * of ourselves.  Each is reached by a pidfd opened first and checked against
 * its start time.  Returns how many were signalled, -1 with errno.
 */
int proctree_signal(int sig);

/* The same for one process; 0, or -1 with ESRCH when it is another now. */
int proctree_signal_one(pid_t pid, uint64_t start, int sig);

#endif
