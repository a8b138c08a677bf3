/* SPDX-License-Identifier: ISC */
/*
 * Whoever wants an address may stop wanting it while it is waited for: a
 * signal comes, the caller is killed, the owner dies.
 */
#ifndef CANCEL_H
#define CANCEL_H

#include <stdbool.h>

struct cancel {
	int control; /* from the front, which is gone when it closes */
	int signals; /* signalfd of our own, SIGCHLD means nothing here */
	int owner; /* pidfd, -1 nobody */
	int ending; /* --signal: one more that ends */
	int sig; /* out: by which it gave up, 0 nobody is there to be told */
	int fd; /* turns readable when there is something to look at */
};

/*
 * Does this signal end who does not handle it, and was it not ignored when we
 * were started?  also is that of --signal, which always does.
 */
bool cancel_ends(int sig, int also);

/* Fill in fd, from the others.  0; -1 with errno. */
int cancel_watch(struct cancel *c);

/*
 * Look at what came; true when the address is not wanted any more.  Other
 * signals are dropped, as a command that does not handle them would.
 */
bool cancel_asked(struct cancel *c);

void cancel_close(struct cancel *c);

#endif
