/* SPDX-License-Identifier: ISC */
/*
 * The monitor: the ancestor of all that runs in the lease, and the only process
 * that frees it.  It survives its front, runs one event loop, and wakes only
 * for events.
 */
#ifndef MONITOR_H
#define MONITOR_H

#include "base/ipc.h"
#include "run/conclude.h"
#include "run/lifecycle.h"
#include "run/watch.h"
#include "trap/notifier.h"

struct monitor {
	struct ipc_request request;
	struct statedir dir;
	struct claim claim;
	struct outcome outcome;
	struct ipc_start start; /* as sent to the command */
	char **env; /* of the front, for --ready-cmd; NULL without */
	struct status status;
	struct watch watch;
	struct notifier trap;
	int signals; /* signalfd */
	int control; /* to the front, -1 when it is gone */
	bool bye; /* the front has said that its end means nothing */
	int owner; /* pidfd, -1 nobody */
	enum life_state state;
	int64_t deadline; /* clock_ms, of the state; 0 none */
	int64_t grace_end; /* clock_ms; 0 until it is asked to end */
	int sig; /* by which it was asked first */
};

/*
 * Take over the descriptors of ipc.h, claim an address, publish the record,
 * and only then let the command exist.  One line and exit 125 on failure.
 */
void monitor_begin(struct monitor *m);

/* The life of a monitor, as spawn.h starts it.  Returns the exit status. */
int monitor_main(void);

#endif
