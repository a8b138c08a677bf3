/* SPDX-License-Identifier: ISC */
/*
 * What story.c, which waits for commands, and command.c, which starts them,
 * share.  Criterion runs every test in a process of its own: one stage each.
 */
#ifndef STAGE_H
#define STAGE_H

#include "story.h"

enum { RUNS = 64 };

extern struct stage {
	char dir[64];
	char state[80];
	struct run runs[RUNS];
	const char *heard[RUNS][2]; /* how far each text has been waited for */
	size_t nruns;
	int child; /* signalfd for SIGCHLD */
	int watched; /* pidfd of somebody else's child, or -1 */
} stage;

#endif
