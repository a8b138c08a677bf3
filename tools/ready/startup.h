/* SPDX-License-Identifier: ISC */
/*
 * The boot of a server: from its start to READY, or to the verdict why not.
 *
 * One descriptor and one deadline for a loop to ask for; what they stand for
 * (the listens of the lease, sd_notify(3), a probe, the idle clock) is in
 * modules of their own, and gathered into the facts that ready.h judges.
 */
#ifndef STARTUP_H
#define STARTUP_H

#include "base/ipc.h"
#include "base/portset.h"
#include "kernel/sockdiag.h"
#include "ready/activity.h"
#include "ready/blocked.h"
#include "ready/idle.h"
#include "ready/listenwait.h"
#include "ready/readiness.h"
#include "ready/readycmd.h"
#include "ready/sdnotify.h"

/* What is awaited, and where.  All pointers outlive the boot. */
struct startup_plan {
	const struct options *options; /* awaited, ready_cmd, limits */
	const struct ipc_start
	    *go; /* of the lease; its notify "" without a socket */
	const struct terms *terms; /* not the record's, which others write */
	struct record *record; /* mapped for writing */
	struct sockdiag *diag; /* may be NULL: no port is ever seen */
	pid_t root; /* its descendants are the server; 0: the record's images */
	int notify; /* from sdnotify_open, -1 none */
	char *const *env; /* for the probe; NULL: our own */
	const char *cwd; /* for the probe; NULL: our own */
};

struct startup {
	struct startup_plan plan;
	int fd; /* epoll; -1: nothing is awaited any more */
	struct listenwait *waiter;
	struct readycmd probe;
	struct activity pulse;
	struct idle idle;
	struct portset up;
	struct facts facts;
	struct ipc_exit end; /* when exited */
	enum readiness verdict;
	int64_t begun; /* clock_ms */
	int64_t sampled; /* clock_ms */
	int64_t told_at; /* clock_ms, of the last regular news */
	int64_t period; /* milliseconds between samples */
	int64_t extended; /* clock_ms, until when; 0 */
	bool blurred; /* what stirs may be the probe's doing */
	bool told; /* something new to tell since the caller cleared it */
	unsigned int malformed; /* messages that were ignored */
	char status[SDNOTIFY_STATUS]; /* the last STATUS= */
	struct blocked sleepers; /* of HUNG, SPINNING and CAPPED */
};

/* Do these options ask for readiness? */
bool startup_wanted(const struct options *o);

/* 0; -1 with errno.  b is then ended. */
int startup_begin(struct startup *b, const struct startup_plan *plan);

/* No verdict yet, and somebody waits for it? */
bool startup_pending(const struct startup *b);

/* For poll(2): a descriptor, -1 none; clock_ms of the next turn, 0 none. */
int startup_fd(const struct startup *b);
int64_t startup_deadline(const struct startup *b);

/* Do what is due.  Look at verdict afterwards; told is set by news. */
void startup_handle(struct startup *b);

/* The server has ended: a verdict when it is pending. */
void startup_exited(struct startup *b, const struct ipc_exit *end);

/* If pid was ours (a probe), take note; false for any other. */
bool startup_reaped(struct startup *b, pid_t pid, const siginfo_t *info);

/* Let go of everything but what is told about it.  May be called again. */
void startup_end(struct startup *b);

/* Milliseconds since it began. */
int64_t startup_elapsed(const struct startup *b);

#endif
