/* SPDX-License-Identifier: ISC */
/*
 * The front: the process that the caller started and may kill at any moment.
 * It owns nothing, passes signals on, and ends as the command ended.
 */
#ifndef FRONT_H
#define FRONT_H

#include "base/ipc.h"

/*
 * Run the command under a lease and return the exit status, or do not
 * return: a signal that ended the command is raised here, too.
 */
int front_run(const struct options *o, char *argv[]);

/*
 * Lease without a command: a monitor stays behind, a child of ours until we
 * exit.  Returns 0 with start and monitor filled in, or the exit status of a
 * failure, which has been printed.
 */
int front_acquire(
    const struct options *o, struct ipc_start *start, pid_t *monitor);

#endif
