/* SPDX-License-Identifier: ISC */
/*
 * From facts about a boot to its verdict: an ordered table of rules, pure.
 * All times are in milliseconds.
 */
#ifndef READINESS_H
#define READINESS_H

#include <stdbool.h>
#include <stdint.h>

enum readiness {
	READY_BOOTING, /* no verdict yet */
	READY_READY,
	READY_EXITED, /* it ended before */
	READY_NOPROBE, /* the probe cannot be run at all */
	READY_HUNG, /* all asleep for the whole idle limit */
	READY_SPINNING, /* the cap is reached, and only a processor moved */
	READY_CAPPED /* the cap is reached, though it moved */
};

/* What may be awaited; all that is must come. */
enum { AWAIT_PORTS = 1, AWAIT_NOTIFY = 2, AWAIT_PROBE = 4 };

struct facts {
	unsigned int awaited; /* AWAIT_* */
	unsigned int came; /* AWAIT_* */
	bool exited;
	bool probe_missing;
	bool extended; /* EXTEND_TIMEOUT_USEC is not over */
	bool busy; /* it last used a processor, or waited for one */
	int64_t idle; /* what the idle clock shows */
	int64_t idle_limit; /* 0 none */
	int64_t elapsed; /* since the start */
	int64_t cap; /* 0 none */
	int64_t unmoved; /* since anything but a processor moved */
};

enum readiness readiness_of(const struct facts *f);

/* "BOOTING", "READY", "EXITED", ... */
const char *readiness_name(enum readiness readiness);

#endif
