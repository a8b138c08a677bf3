/* SPDX-License-Identifier: ISC */
/* Subscribe to the kernel's reports first, then look, then wait for one. */
#include "settle.h"
#include "clock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE = 2000, RELOOK = 100 /* milliseconds */ };

static void
look(struct evidence *e, struct sockdiag *diag, const struct terms *t,
    const struct record *record)
{
	struct evidence fresh = { .processes = e->processes,
		.processes_unseen = e->processes_unseen,
		.overflowed = e->overflowed };

	*e = fresh;
	errno = 0;
	evidence_sockets(e, diag, t, record, LOOK_WALK);
	evidence_ports(e, t);
}

static bool
held_by_somebody(const struct evidence *e)
{
	for (size_t i = 0; i < e->nleft; i++)
		if (e->left[i].holder != 0)
			return true;
	return false;
}

static int
ignore(const struct sockdiag_socket *s, void *arg)
{
	(void)s;
	(void)arg;
	return 0;
}

/* UDP sockets go unreported, so never wait for a report alone. */
static void
wait_for_report(int watch, int64_t left)
{
	struct pollfd pfd = { .fd = watch, .events = POLLIN };

	if (poll(&pfd, 1, (int)(left < RELOOK ? left : RELOOK)) == 1)
		(void)sockdiag_watch_read(watch, ignore, NULL);
}

static enum verdict
settle_watching(struct evidence *e, struct sockdiag *diag,
    const struct terms *t, const struct record *record, int watch)
{
	int64_t end = clock_ms() + PATIENCE, left;

	for (;;) {
		look(e, diag, t, record);
		if (e->held + e->ports_held == 0)
			break;
		evidence_holders(e);
		left = end - clock_ms();
		if (held_by_somebody(e) || e->processes > 0 || left <= 0)
			break;
		wait_for_report(watch, left);
	}
	return proof_of(e);
}

enum verdict
settle(struct evidence *e, struct sockdiag *diag, const struct terms *t,
    const struct record *record)
{
	enum verdict verdict;
	int watch;

	look(e, diag, t, record);
	if (e->held + e->ports_held == 0)
		return proof_of(e);
	watch = sockdiag_watch_open();
	verdict = settle_watching(e, diag, t, record, watch);
	if (watch != -1)
		close(watch);
	return verdict;
}
