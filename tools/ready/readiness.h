/* SPDX-License-Identifier: ISC */
/*
 * From facts about a startup to its verdict: the first rule that holds.  Pure.
 * All times are in milliseconds.
 */
#ifndef READINESS_H
#define READINESS_H

#include <stdbool.h>
#include <stdint.h>

enum readiness {
	READY_STARTING, /* no verdict yet */
	READY_READY,
	READY_EXITED, /* it ended before it was ready */
	READY_NOPROBE, /* the ready command cannot be run at all */
	READY_HUNG, /* all asleep for the whole idle limit */
	READY_SPINNING, /* the cap is reached, and only a processor moved */
	READY_CAPPED /* the cap is reached, though it moved */
};

/* What may be awaited; all that is must come. */
enum { AWAIT_PORTS = 1, AWAIT_NOTIFY = 2, AWAIT_COMMAND = 4 };

struct facts {
	unsigned int awaited; /* AWAIT_* */
	unsigned int came; /* AWAIT_* */
	bool exited;
	bool command_missing;
	bool extended; /* EXTEND_TIMEOUT_USEC, sd_notify(3), is not over */
	bool busy; /* it last used a processor, or waited for one */
	int64_t idle; /* what the idle clock shows */
	int64_t idle_limit; /* 0 none */
	int64_t elapsed; /* since the start */
	int64_t cap; /* 0 none */
	int64_t unmoved; /* since anything but a processor moved */
};

enum readiness readiness_of(const struct facts *f);

/* "STARTING", "READY", "EXITED", ... */
const char *readiness_name(enum readiness readiness);

#endif
