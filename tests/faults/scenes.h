/* SPDX-License-Identifier: ISC */
/*
 * The lives of leases in which something goes wrong, and the process of each
 * that is to be hit.
 */
#ifndef SCENES_H
#define SCENES_H

#include "shot.h"

#include <stdbool.h>
#include <stddef.h>

/* What a scene came to. */
struct played {
	char ip[16]; /* the leased address; "" when it is not known */
	int status; /* of the command that was shot at, as from waitpid(2);
		       -1 it did not end */
};

/* What happens to a call of the process. */
enum trial {
	TRIAL_ONE, /* it is killed or fails, one of these, in turn */
	TRIAL_TWO, /* it is killed, and fails, each time in another way; but
		      a call of the same name fails only so often */
	TRIAL_ALL /* it is killed; it fails, in every way */
};

/* The first call of main(), after those of libc and of a loader. */
#define FAULTS_MAIN "rt_sigaction(SIGBUS, {"

struct scene {
	const char *process; /* for people */
	void (*play)(struct shot *shot, struct played *out);
	unsigned int forks; /* shot.forks */
	enum trial trial;
	/* Lines of the log that begin with these are the first and the last
	 * that count: the other calls are those of other scenes, too. */
	const char *from, *until;
	bool execs; /* it becomes another program, whose calls do not count */
};

extern const struct scene scenes[];
extern const size_t scenes_n;

/* portlease and its guest are in this directory; before all others. */
void scenes_begin(const char *build);

/* Finish orphans: the status. */
int scenes_reap(void);
/* Lease the address again, or any for "": the status. */
int scenes_lease(const char *ip);

#endif
