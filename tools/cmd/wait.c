/* SPDX-License-Identifier: ISC */
/* portlease wait: until a lease is ready, in the server's own time. */
#include "base/clock.h"
#include "cmd/getopts.h"
#include "ready/explain.h"
#include "run/watch.h"
#include "store/lease.h"

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>

struct waiting {
	struct watch watch;
	struct status status; /* without any descriptor */
	struct ipc_start start;
	int monitor; /* pidfd */
};

/* Has the monitor exited, or been asked to end the lease? */
static bool
ending(const struct waiting *w, const struct pollfd *monitor)
{
	const struct record *r = w->watch.startup.plan.record;

	return monitor->revents != 0 || r->identity.until != 0 ||
	       atomic_load(&r->release.done) != 0;
}

static int
timeout_of(const struct startup *b)
{
	int64_t left = startup_deadline(b) - clock_ms();

	return left > 0 ? (int)left : 0;
}

static void
loop(struct waiting *w)
{
	const struct ipc_exit gone = { .status = -1 };
	const struct startup *b = &w->watch.startup;

	while (startup_pending(b)) {
		struct pollfd fds[] = {
			{ .fd = w->monitor, .events = POLLIN },
			{ .fd = startup_fd(b), .events = POLLIN },
		};

		if (poll(fds, 2, timeout_of(b)) == -1 && errno != EINTR)
			err(EXIT_PORTLEASE, "wait: poll");
		if (ending(w, &fds[0]))
			(void)watch_exited(&w->watch, &gone);
		(void)watch_handle(&w->watch);
	}
}

static void
begin(struct waiting *w, const struct options *o, struct stored *lease)
{
	const struct identity *id = &lease->record->identity;
	struct startup_plan plan = { .options = o,
		.start = &w->start,
		.terms = &lease->terms,
		.record = lease->record,
		.diag = sockdiag_open(),
		.notify = -1 };
	pid_t monitor;

	w->status = (struct status){ .fd = { -1, -1 } };
	if (plan.diag == NULL)
		err(EXIT_PORTLEASE, "wait: sock_diag");
	w->monitor = lease_monitor(lease, &monitor);
	if (w->monitor == -1)
		err(EXIT_PORTLEASE, "wait: its monitor");
	plan.root = id->command != 0 ? monitor : 0;
	if (ipc_fill_start(&w->start, &lease->terms, lease->path) == -1 ||
	    watch_begin(&w->watch, &plan, &w->status) == -1)
		err(EXIT_PORTLEASE, "wait");
}

/* The address may stand before, behind and between the options. */
static int
run(struct options *o, char *argv[])
{
	static struct waiting w;
	struct stored lease;
	char why[LEASE_WHY];

	(void)signal(SIGCHLD, SIG_DFL); /* a --ready-cmd is waited for */
	for (; argv[0] != NULL; argv = getopts(o, &cmd_wait, argv)) {
		if (o->ip != 0)
			errx(EXIT_PORTLEASE, "wait: one address at a time");
		o->ip = getopts_lease(&cmd_wait, argv[0]);
	}
	if (!startup_wanted(o))
		errx(EXIT_PORTLEASE,
		    "wait: for what?  Give --listen PORTS or --ready-cmd CMD");
	if (lease_find(&lease, o->ip, STORE_WRITE, why) == -1)
		errx(EXIT_PORTLEASE, "wait: %s", why);
	begin(&w, o, &lease);
	loop(&w);
	return w.watch.startup.verdict == READY_READY
		   ? 0
		   : explain_status(&w.watch.startup);
}

const struct command cmd_wait = {
	"wait",
	CMD_WAIT,
	"wait [options] [IP] --listen PORTS",
	"until a lease is ready, or is not going to be",
	run,
	NULL,
	OPERANDS_LEASE,
};
