/* SPDX-License-Identifier: ISC */
/* A boot that somebody watches: what is told of it, and to whom. */
#ifndef VIGIL_H
#define VIGIL_H

#include "ready/progress.h"
#include "ready/startup.h"
#include "ready/status.h"

struct vigil {
	struct boot boot;
	struct progress progress;
	struct status *status;
};

/* 0; -1 with errno. */
int vigil_begin(
    struct vigil *v, const struct boot_plan *plan, struct status *status);

/*
 * Do what is due in the boot.  True when that came to a verdict, which has
 * been told by then; it comes to one once.
 */
bool vigil_turn(struct vigil *v);

/* The same, since the server has ended. */
bool vigil_exited(struct vigil *v, const struct ended *end);

/* Whatever it would have come to does not matter any more. */
void vigil_stop(struct vigil *v);

#endif
