/* SPDX-License-Identifier: ISC */
/*
 * The startup of a server: from its start to READY, or to the verdict why not.
 *
 * An event loop sees one descriptor and one deadline.  Behind them are the
 * listens of the lease (listenwait.h), sd_notify(3) (sdnotify.h), --ready-cmd
 * (readycmd.h) and the idle clock (idle.h).  What they report is gathered into
 * the facts of readiness.h, which has the rules.
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

/* What is awaited, and where.  All pointers outlive the startup. */
struct startup_plan {
	const struct options *options; /* awaited, ready_cmd, limits */
	const struct ipc_start *start; /* notify is "" without a socket */
	const struct terms *terms; /* not the record's, which others write */
	struct record *record; /* mapped for writing */
	struct sockdiag *diag; /* may be NULL: no port is ever seen */
	pid_t root; /* its descendants are the server; 0: the record's images */
	int notify; /* from sdnotify_open, -1 none */
	char *const *env; /* for --ready-cmd; NULL: our own */
	const char *cwd; /* for --ready-cmd; NULL: our own */
};

struct startup {
	struct startup_plan plan;
	int fd; /* epoll; -1: nothing is awaited any more */
	struct listenwait *listenwait;
	struct readycmd readycmd;
	struct sampler sampler;
	struct idle idle;
	struct portset up;
	struct facts facts;
	struct ipc_exit end; /* when exited */
	enum readiness verdict;
	int64_t begun; /* clock_ms */
	int64_t sampled; /* clock_ms */
	int64_t news_at; /* clock_ms, of the last regular news */
	int64_t period; /* milliseconds between samples */
	int64_t extended; /* clock_ms, until when; 0 */
	bool disturbed; /* --ready-cmd may have caused what moved */
	bool news; /* something new to show since the caller cleared it */
	unsigned int malformed; /* messages that were ignored */
	char status[SDNOTIFY_STATUS]; /* the last STATUS= */
	struct blocked blocked; /* of HUNG, SPINNING and CAPPED */
};

/* Do these options ask for readiness? */
bool startup_wanted(const struct options *o);

/* 0; -1 with errno: it is ended then. */
int startup_begin(struct startup *s, const struct startup_plan *plan);

/* Has it begun, and has no verdict yet? */
bool startup_pending(const struct startup *s);

/* For poll(2): a descriptor, -1 none; clock_ms of the next thing to do, 0 none.
 */
int startup_fd(const struct startup *s);
int64_t startup_deadline(const struct startup *s);

/* Do what is due, and set verdict and news. */
void startup_handle(struct startup *s);

/* The server has ended: that is a verdict, when it is pending. */
void startup_exited(struct startup *s, const struct ipc_exit *end);

/* If pid was that of --ready-cmd, take note; false for any other. */
bool startup_reaped(struct startup *s, pid_t pid, const siginfo_t *info);

/* Free all but what explain.h and status.h show.  May be called again. */
void startup_end(struct startup *s);

/* Milliseconds since it began. */
int64_t startup_elapsed(const struct startup *s);

#endif
