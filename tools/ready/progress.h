/* SPDX-License-Identifier: ISC */
/* One line on a terminal, rewritten while a server boots. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "ready/startup.h"

struct progress {
	bool shown; /* the line is on the terminal now */
	bool off; /* not asked for, or stderr is no terminal */
	int64_t drawn; /* clock_ms */
};

void progress_begin(struct progress *p, const struct options *o);

/* Draw it again, at most a few times a second. */
void progress_draw(struct progress *p, const struct startup *b, const char *ip);

/* Take it away: somebody else writes now. */
void progress_end(struct progress *p);

#endif
