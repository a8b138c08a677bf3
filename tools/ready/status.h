/* SPDX-License-Identifier: ISC */
/*
 * What happens to a lease, as lines of JSON for another program: --status-fd
 * and --status-file.  The schema is in portlease(5).
 *
 * Never block on a reader: a line that it has no room for is dropped, and the
 * next one says how many were.
 */
#ifndef STATUS_H
#define STATUS_H

#include "ready/startup.h"

#include <jansson.h>

enum { STATUS_SINKS = 2 };

struct status {
	int fd[STATUS_SINKS]; /* -1 none */
	const char *ip; /* of the lease, set by the caller */
	int64_t begun; /* clock_ms */
	unsigned int dropped[STATUS_SINKS];
};

/* In the monitor: take over those descriptors of ipc.h that are open. */
void status_open(struct status *s);

void status_leased(struct status *s, const struct ipc_request *r,
    const struct terms *t, const char *record);
void status_progress(struct status *s, const struct startup *startup);
void status_ready(struct status *s, const struct startup *startup);
void status_unready(struct status *s, const struct startup *startup);

/* why: "not ready", "signal", "command exited". */
void status_ending(struct status *s, const char *why);

struct status_end {
	const char *verdict, *reason; /* of the proof */
	bool leaked;
	struct ipc_exit ours, command; /* how the front ends, and the command */
};
void status_verdict(struct status *s, const struct status_end *end);

/* Any other event, with members that it takes over; they may be NULL. */
void status_event(struct status *s, const char *name, json_t *members);

#endif
