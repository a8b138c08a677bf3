/* SPDX-License-Identifier: ISC */
/*
 * A command that tells whether a server is ready: run with sh -c inside the
 * lease, again and again, each pause twice as long as the one before.
 */
#ifndef PROBE_H
#define PROBE_H

#include "base/ipc.h"

#include <signal.h>
#include <stdbool.h>

enum { PROBE_SAID = 512 };

struct probe {
	const char *command;
	char *const *env; /* NULL: our own */
	const char *cwd; /* NULL: our own */
	const struct go *go;
	pid_t pid; /* 0 none runs */
	int pidfd;
	int out; /* a pipe from its stdout and stderr */
	int64_t next; /* clock_ms of the next run, 0 at once */
	int64_t pause; /* milliseconds, the last one */
	unsigned int runs;
	bool passed; /* its last run exited 0 */
	bool missing; /* a run exited 127: there is no such command */
	int status; /* of the last run, as a shell tells it */
	char said[PROBE_SAID]; /* the end of what the last run said */
	size_t len;
};

/* Start a run.  0; -1 with errno. */
int probe_start(struct probe *p);

/* Take in what it says.  Does not block. */
void probe_read(struct probe *p);

/* If pid was the run, take note of its end; false for any other. */
bool probe_reaped(struct probe *p, pid_t pid, const siginfo_t *info);

/* Reap the run if it has ended; true when it had. */
bool probe_reap(struct probe *p);

/* Kill the run, if any; its parent will reap it. */
void probe_end(struct probe *p);

#endif
