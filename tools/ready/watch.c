/* SPDX-License-Identifier: ISC */
/* Status lines for programs, a progress line and a report for people. */
#include "ready/watch.h"
#include "base/msg.h"
#include "ready/explain.h"

int
vigil_begin(
    struct vigil *v, const struct boot_plan *plan, struct status *status)
{
	v->status = status;
	progress_begin(&v->progress, plan->options);
	return boot_begin(&v->boot, plan);
}

static void
tell_verdict(struct vigil *v)
{
	const struct boot *b = &v->boot;
	const char *ip = b->plan.go->ip;

	progress_end(&v->progress);
	if (b->verdict != READY_READY) {
		status_unready(v->status, b);
		unready_print(b, ip);
		return;
	}
	status_ready(v->status, b);
	if (b->plan.options->verbose)
		tell_line("%s: READY after %.3f s", ip,
		    (double)b->facts.elapsed / 1000);
}

static bool
conclude(struct vigil *v)
{
	if (v->boot.verdict != READY_BOOTING) {
		tell_verdict(v);
		boot_end(&v->boot);
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
vigil_turn(struct vigil *v)
{
	if (!boot_pending(&v->boot))
		return false;
	boot_turn(&v->boot);
	return conclude(v);
}

bool
vigil_exited(struct vigil *v, const struct ended *end)
{
	if (!boot_pending(&v->boot))
		return false;
	boot_exited(&v->boot, end);
	return conclude(v);
}

void
vigil_stop(struct vigil *v)
{
	if (!boot_pending(&v->boot))
		return;
	progress_end(&v->progress);
	boot_end(&v->boot);
}
