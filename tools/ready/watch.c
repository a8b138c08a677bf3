/* SPDX-License-Identifier: ISC */
/* Status lines for programs, a progress line and a report for people. */
#include "ready/watch.h"
#include "base/msg.h"
#include "ready/explain.h"

int
watch_begin(
    struct watch *v, const struct startup_plan *plan, struct status *status)
{
	v->status = status;
	progress_begin(&v->progress, plan->options);
	return startup_begin(&v->boot, plan);
}

static void
tell_verdict(struct watch *v)
{
	const struct startup *b = &v->boot;
	const char *ip = b->plan.go->ip;

	progress_end(&v->progress);
	if (b->verdict != READY_READY) {
		status_unready(v->status, b);
		explain_print(b, ip);
		return;
	}
	status_ready(v->status, b);
	if (b->plan.options->verbose)
		msg_line("%s: READY after %.3f s", ip,
		    (double)b->facts.elapsed / 1000);
}

static bool
conclude(struct watch *v)
{
	if (v->boot.verdict != READY_BOOTING) {
		tell_verdict(v);
		startup_end(&v->boot);
		return true;
	}
	if (v->boot.told) {
		status_progress(v->status, &v->boot);
		progress_draw(&v->progress, &v->boot, v->boot.plan.go->ip);
	}
	v->boot.told = false;
	return false;
}

bool
watch_handle(struct watch *v)
{
	if (!startup_pending(&v->boot))
		return false;
	startup_handle(&v->boot);
	return conclude(v);
}

bool
watch_exited(struct watch *v, const struct ipc_exit *end)
{
	if (!startup_pending(&v->boot))
		return false;
	startup_exited(&v->boot, end);
	return conclude(v);
}

void
watch_stop(struct watch *v)
{
	if (!startup_pending(&v->boot))
		return;
	progress_end(&v->progress);
	startup_end(&v->boot);
}
