/* SPDX-License-Identifier: ISC */
/* A boot that somebody watches: what is told of it, and to whom. */
#ifndef WATCH_H
#define WATCH_H

#include "ready/progress.h"
#include "ready/startup.h"
#include "ready/status.h"

struct watch {
	struct startup boot;
	struct progress progress;
	struct status *status;
};

/* 0; -1 with errno. */
int watch_begin(
    struct watch *v, const struct startup_plan *plan, struct status *status);

/*
 * Do what is due in the boot.  True when that came to a verdict, which has
 * been told by then; it comes to one once.
 */
bool watch_handle(struct watch *v);

/* The same, since the server has ended. */
bool watch_exited(struct watch *v, const struct ipc_exit *end);

/* Whatever it would have come to does not matter any more. */
void watch_stop(struct watch *v);

#endif
