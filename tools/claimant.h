/* SPDX-License-Identifier: ISC */
/*
 * Whoever wants an address may stop wanting it while it is waited for: a
 * signal comes, the caller is killed, the owner dies.
 */
#ifndef CLAIMANT_H
#define CLAIMANT_H

#include <stdbool.h>
#include <sys/types.h>

struct claimant {
	int control; /* from the front, which is gone when it closes */
	int signals; /* signalfd of our own, SIGCHLD means nothing here */
	int owner; /* pidfd, -1 nobody */
	pid_t command; /* waits for its go; 0 none */
	int ending; /* --signal: one more that ends */
	int sig; /* out: by which it gave up, 0 nobody is there to be told */
	int fd; /* turns readable when there is something to look at */
};

/* Does this signal end it?  also is that of --signal. */
bool claimant_ends(int sig, int also);

/* Fill in fd, from the others.  0; -1 with errno. */
int claimant_watch(struct claimant *c);

/*
 * Look at what came.  Signals that end nothing are the command's, which gets
 * them when it starts.  True when the address is not wanted any more.
 */
bool claimant_gave_up(struct claimant *c);

void claimant_close(struct claimant *c);

#endif
