/* SPDX-License-Identifier: ISC */
/* What a monitor is made of, and how it comes to its lease. */
#ifndef BEGIN_H
#define BEGIN_H

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
	struct ipc_start start; /* what the command was told */
	char **env; /* of the front, for --ready-cmd; NULL without */
	struct status status;
	struct watch watch;
	struct notifier trap;
	int signals; /* signalfd */
	int control; /* to the front, -1 when it is gone */
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
void begin_lease(struct monitor *m);

#endif
