/* SPDX-License-Identifier: ISC */
/*
 * A monitor that does not end, seen by those who wait for it: stopped by a
 * signal or a debugger, or frozen.
 */
#ifndef STALLED_H
#define STALLED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { STALLED_TEXT = 160 };

/* A monitor that was asked to end its lease. */
struct stalled {
	pid_t monitor;
	int64_t asked; /* clock_ms; 0 not yet */
	int64_t grace; /* of the lease, milliseconds */
};

/* For poll(2): milliseconds until the next look; -1 when it was not asked. */
int stalled_timeout(const struct stalled *s);

/*
 * Has it had the time that it needs, and not ended?  Why, and what helps, into
 * text.  One that is stopped needs a moment after its grace, any other one
 * minutes.
 */
bool stalled_over(const struct stalled *s, char text[static STALLED_TEXT]);

#endif
