/* SPDX-License-Identifier: ISC */
/*
 * Shows a startup: status lines for programs; for people a line on the
 * terminal that is rewritten while it lasts, and the verdict.
 */
#ifndef WATCH_H
#define WATCH_H

#include "ready/startup.h"
#include "ready/status.h"

struct watch {
	struct startup startup;
	struct status *status;
	bool terminal; /* stderr is one, and a progress line is wanted */
	bool shown; /* the progress line is on it now */
	int64_t drawn; /* clock_ms */
};

/* 0; -1 with errno. */
int watch_begin(
    struct watch *w, const struct startup_plan *plan, struct status *status);

/*
 * Do what is due in the startup.  True, once, when that came to a verdict,
 * which has been shown by then.
 */
bool watch_handle(struct watch *w);

/* The same, since the server has ended. */
bool watch_exited(struct watch *w, const struct ipc_exit *end);

/* End the startup without a verdict. */
void watch_stop(struct watch *w);

#endif
