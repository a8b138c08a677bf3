/* SPDX-License-Identifier: ISC */
/* How the leases of the soak end. */
#ifndef FATES_H
#define FATES_H

#include "starts.h"

enum { AGAIN = 20 /* milliseconds until what was too early is tried again */ };

enum fate {
	WELL,
	TERM,
	LEAK,
	FRONT_AFTER_TERM,
	FRONT,
	MONITOR,
	COMMAND,
	SCRIPT,
	OWNER,
	FATES
};

struct slot {
	pid_t pid; /* 0 free; of the front, or the script */
	enum fate fate;
	long long at; /* when it happens, 0 not or no more */
	long long kill; /* SIGKILL to the front, 0 none */
	long long visit; /* a program comes in, 0 none */
	struct plan plan;
};

extern unsigned int fates_monitors; /* that were hit */

/* By weight, at random. */
enum fate fates_draw(void);
const char *fates_name(enum fate fate);
/* Make it happen. */
void fates_strike(struct slot *s, long long now);

#endif
