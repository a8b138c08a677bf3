/* SPDX-License-Identifier: ISC */
/* portlease wait: until a lease is ready, in the server's own time. */
#include "boot.h"
#include "clock.h"
#include "commands.h"
#include "lease.h"
#include "options.h"
#include "procfs.h"
#include "progress.h"
#include "unready.h"

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct waiting {
	struct boot boot;
	struct progress progress;
	struct go go;
	int monitor; /* pidfd */
};

/* The lease ends when its monitor does, and begins to when it says so. */
static bool
ending(const struct waiting *w, const struct pollfd *monitor)
{
	const struct record *r = w->boot.plan.record;

	return monitor->revents != 0 || r->identity.until != 0 ||
	       atomic_load(&r->release.done) != 0;
}

static int
timeout_of(const struct boot *b)
{
	int64_t left = boot_deadline(b) - clock_ms();

	return left > 0 ? (int)left : 0;
}

static void
loop(struct waiting *w)
{
	const struct ended gone = { .status = -1 };

	while (boot_pending(&w->boot)) {
		struct pollfd fds[] = {
			{ .fd = w->monitor, .events = POLLIN },
			{ .fd = boot_fd(&w->boot), .events = POLLIN },
		};

		if (poll(fds, 2, timeout_of(&w->boot)) == -1 && errno != EINTR)
			err(EXIT_PORTLEASE, "wait: poll");
		if (ending(w, &fds[0]))
			boot_exited(&w->boot, &gone);
		boot_turn(&w->boot);
		if (w->boot.told)
			progress_draw(&w->progress, &w->boot, w->go.ip);
		w->boot.told = false;
	}
}

static void
begin(struct waiting *w, const struct options *o, struct stored *lease)
{
	const struct identity *id = &lease->record->identity;
	struct boot_plan plan = { .options = o,
		.go = &w->go,
		.record = lease->record,
		.diag = sockdiag_open(),
		.root = id->command != 0 ? id->monitor : 0,
		.notify = -1 };

	if (plan.diag == NULL)
		err(EXIT_PORTLEASE, "wait: sock_diag");
	w->monitor = procfs_pidfd(id->monitor, id->start);
	if (w->monitor == -1)
		err(EXIT_PORTLEASE, "wait: its monitor, pid %d", id->monitor);
	if (wire_go(&w->go, &lease->record->terms, lease->path) == -1 ||
	    boot_begin(&w->boot, &plan) == -1)
		err(EXIT_PORTLEASE, "wait");
	progress_begin(&w->progress, o);
}

static int
conclude(struct waiting *w, const struct options *o)
{
	const struct boot *b = &w->boot;

	progress_end(&w->progress);
	if (b->verdict != READY_READY) {
		unready_print(b, w->go.ip);
		return unready_status(b);
	}
	if (o->verbose)
		warnx("%s: READY after %.3f s", w->go.ip,
		    (double)b->facts.elapsed / 1000);
	return 0;
}

static void
take_address(struct options *o, const char *text)
{
	if (o->ip != 0)
		errx(EXIT_PORTLEASE, "wait: one address at a time");
	o->ip = options_address(text);
	if (o->ip == 0)
		errx(EXIT_PORTLEASE,
		    "wait: '%s' is not an address in 127.0.0.0/8", text);
}

/* The address may stand before, behind and between the options. */
static void
parse(struct options *o, const char *usage, int argc, char *argv[])
{
	int first;

	while ((first = options_parse(o, FOR_WAIT, usage, argc, argv)) < argc) {
		take_address(o, argv[first]);
		argv[first] = argv[0];
		argv += first;
		argc -= first;
	}
}

static int
run(const struct command *self, int argc, char *argv[])
{
	static struct waiting w;
	struct stored lease;
	struct options o;
	int status;

	options_default(&o);
	parse(&o, self->usage, argc, argv);
	if (!boot_wanted(&o))
		errx(EXIT_PORTLEASE,
		    "wait: for what?  Give --listen PORTS or --ready-cmd CMD");
	lease_find(&lease, o.ip, "wait");
	begin(&w, &o, &lease);
	loop(&w);
	status = conclude(&w, &o);
	boot_end(&w.boot);
	return status;
}

const struct command cmd_wait = {
	"wait",
	"wait [options] [IP] --listen PORTS",
	"until a lease is ready, or is not going to be",
	run,
};
