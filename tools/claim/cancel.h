/* SPDX-License-Identifier: ISC */
/*
 * What makes a claim of an address stop waiting for it: a signal that would
 * end the command, the end of the front, the end of the owner.
 */
#ifndef CANCEL_H
#define CANCEL_H

#include <stdbool.h>

struct cancel {
	int control; /* from the front: its signals, and EOF at its end */
	int signals; /* signalfd: signals to the monitor itself */
	int owner; /* pidfd, -1 nobody */
	int ending; /* of --signal: it always cancels */
	int sig; /* out: the signal that cancelled, 0 none */
	int fd; /* turns readable when there is something to look at */
};

/*
 * Does this signal end a process that does not handle it?  One that was
 * ignored when we were started does not, because the command ignores it, too;
 * ending, the signal of --signal, always does.
 */
bool cancel_ends(int sig, int ending);

/* Fill in fd.  0; -1 with errno. */
int cancel_watch(struct cancel *c);

/*
 * Read what came; true when the claim is cancelled.  Signals that end nothing
 * are dropped, as the command would drop them.
 */
bool cancel_asked(struct cancel *c);

void cancel_close(struct cancel *c);

#endif
