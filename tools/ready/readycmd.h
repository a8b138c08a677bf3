/* SPDX-License-Identifier: ISC */
/*
 * --ready-cmd: a command that exits 0 when a server is ready.  It is run with
 * sh -c inside the lease, again and again, each pause twice as long as the one
 * before.
 */
#ifndef READYCMD_H
#define READYCMD_H

#include "base/ipc.h"
#include "base/tail.h"

#include <signal.h>
#include <stdbool.h>

struct readycmd {
	const char *command;
	char *const *env; /* NULL: our own */
	const char *cwd; /* NULL: our own */
	const struct ipc_start *start;
	pid_t pid; /* 0 none runs */
	int pidfd;
	int out; /* a pipe from its stdout and stderr */
	int64_t next; /* clock_ms of the next run, 0 at once */
	int64_t pause; /* milliseconds, the last one */
	unsigned int runs;
	unsigned int ends; /* runs that have ended */
	bool passed; /* the last of them exited 0 */
	bool missing; /* it exited 127: there is no such command */
	int status; /* its, as a shell shows it */
	struct tail said; /* by it */
	struct tail saying; /* by the run that has not ended */
};

/* Start a run.  0; -1 with errno. */
int readycmd_start(struct readycmd *c);

/* Read what it says.  Does not block. */
void readycmd_read(struct readycmd *c);

/* If pid was the run, take note of its end; false for any other. */
bool readycmd_reaped(struct readycmd *c, pid_t pid, const siginfo_t *info);

/* Reap the run if it has ended; true when it had. */
bool readycmd_reap(struct readycmd *c);

/* What the last run said that has ended; until one has, what the first says. */
const struct tail *readycmd_said(const struct readycmd *c);

/* Kill the run, if any; its parent will reap it. */
void readycmd_end(struct readycmd *c);

#endif
