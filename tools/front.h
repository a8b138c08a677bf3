/* SPDX-License-Identifier: ISC */
/*
 * The front: the process that the caller started and may kill at any moment.
 * It owns nothing, passes signals on, and ends as the command ended.
 */
#ifndef FRONT_H
#define FRONT_H

#include "options.h"

/*
 * Run the command under a lease and return the exit status, or do not
 * return: a signal that ended the command is raised here, too.
 */
int front_run(const struct options *o, char *argv[]);

#endif
