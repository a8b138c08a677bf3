/* SPDX-License-Identifier: ISC */
/* Subscribe to the kernel's reports first, then look, then wait for one. */
#include "proof/quiesce.h"
#include "base/clock.h"
#include "kernel/sockwatch.h"

#include <errno.h>
#include <unistd.h>

enum { PATIENCE = 2000, RELOOK = 100 /* milliseconds */ };

static void
look(struct evidence *e, struct sockdiag *diag, const struct terms *t,
    const struct record *record)
{
	struct evidence fresh = { .processes = e->processes,
		.processes_failed = e->processes_failed,
		.processes_unseen = e->processes_unseen,
		.overflowed = e->overflowed };

	*e = fresh;
	errno = 0;
	evidence_all(e, diag, t, record);
}

static bool
held_by_process(const struct evidence *e)
{
	for (size_t i = 0; i < e->nleft; i++)
		if (e->left[i].kind != LEFT_FOREIGN &&
		    e->left[i].holder.pid != 0)
			return true;
	return false;
}

/*
 * The end of a UDP socket is not reported, so look again after a while, too.
 * While only our own probes of ports tell, those would be reported and wake us
 * for ever: then take no reports.
 */
static enum verdict
wait_watching(struct evidence *e, struct sockdiag *diag, const struct terms *t,
    const struct record *record, int watch)
{
	int64_t end = clock_ms() + PATIENCE, left;

	for (;;) {
		look(e, diag, t, record);
		if (e->held + e->ports_held == 0)
			break;
		evidence_holders(e);
		left = end - clock_ms();
		if (held_by_process(e) || e->processes > 0 || left <= 0)
			break;
		sockwatch_wait(e->held > 0 ? watch : -1, -1, t,
		    left < RELOOK ? left : RELOOK);
	}
	return proof_of(e);
}

enum verdict
quiesce(struct evidence *e, struct sockdiag *diag, const struct terms *t,
    const struct record *record)
{
	enum verdict verdict;
	int watch;

	look(e, diag, t, record);
	if (e->held + e->ports_held == 0)
		return proof_of(e);
	watch = sockwatch_open();
	verdict = wait_watching(e, diag, t, record, watch);
	if (watch != -1)
		close(watch);
	return verdict;
}
