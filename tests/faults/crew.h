/* SPDX-License-Identifier: ISC */
/* Jobs, done by several processes at once, each in an arena of its own. */
#ifndef CREW_H
#define CREW_H

#include <stddef.h>

/* Do one job, and write results to out, each at once. */
typedef void (*crew_work)(size_t job, int out);

/*
 * Do the jobs from 0 to n - 1, and give all results, of this size (at most
 * PIPE_BUF), to take().  -1: some of it was not done.
 */
int crew_run(
    size_t n, crew_work work, size_t size, void (*take)(const void *result));

#endif
