/* SPDX-License-Identifier: ISC */
/* The end of a lease: tear down, report, free. */
#include "run/conclude.h"
#include "base/msg.h"
#include "base/printable.h"
#include "proof/teardown.h"
#include "run/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Milliseconds after which a member that is still there is a straggler. */
enum { PATIENCE = 500 };

/* --record: all of it or an error, which does not change the verdict. */
static void
keep_record(const struct options *o, const struct record *record)
{
	const char *data = (const char *)record;
	size_t left = sizeof(*record);
	ssize_t n = 0;
	int fd = open(o->record,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC, 0600);

	while (fd != -1 && left > 0 &&
	       ((n = write(fd, data, left)) > 0 || errno == EINTR)) {
		data += n > 0 ? n : 0;
		left -= n > 0 ? (size_t)n : 0;
	}
	if (fd == -1 || left > 0)
		msg_line("--record %s: %s", printable_copy(o->record),
		    strerror(errno));
	if (fd != -1)
		close(fd);
}

/*
 * The monitor's descendants are gone, or cannot be ended.  What is left are the
 * clients that `portlease exec` brought, or, without a command, every member.
 * The record goes as soon as it may: no program comes in after the proof.
 */
static void
end_lease(struct outcome *out, const struct options *o, struct claim *c,
    struct teardown *end)
{
	struct teardown_policy how = { .among = out->commandless ? AMONG_ALL
								 : AMONG_IMAGES,
		.sig = o->sig,
		.grace = o->grace,
		.patience = PATIENCE,
		.stragglers = &out->stragglers,
		.outside = &out->outside };

	how.unended = out->stuck;
	if (out->stuck)
		how.stuck = report_stuck(c->stored.record, out->ip);
	store_seal(&c->stored);
	teardown(&c->stored, c->diag, &how, end);
	if (proof_frees(end->verdict))
		(void)store_remove(c->dir, &c->stored, end->held);
	store_unseal(&c->stored);
}

/* How the front is to end. */
static struct ipc_exit
exit_of(const struct outcome *out, const struct options *o, bool fails)
{
	if (out->unready != 0)
		return (struct ipc_exit){ out->unready, 0 };
	if (fails && out->end.sig == 0 && out->end.status == 0)
		return (struct ipc_exit){ o->leak_status, 0 };
	return out->end;
}

/* While the address is still ours: the next lease of it says its own. */
static void
say_verdict(
    const struct outcome *out, struct ipc_exit ours, struct status *status)
{
	status_verdict(
	    status, &(struct status_end){ .verdict = proof_name(out->verdict),
			.reason = out->reason,
			.leaked = out->leaked,
			.ours = ours,
			.command = out->end });
}

void
conclude_note(struct outcome *out, const struct claim *c)
{
	outside_note_tree(&out->outside, c->diag, &c->terms);
}

struct ipc_exit
conclude(struct outcome *out, const struct options *o, struct claim *c,
    struct status *status)
{
	struct record *record = c->stored.record;
	struct report report;
	struct teardown torn;
	struct ipc_exit end;
	bool freed, fails;

	msg_hold();
	end_lease(out, o, c, &torn);
	out->verdict = torn.verdict;
	proof_reason(&torn.evidence, out->reason, sizeof(out->reason));
	freed = proof_frees(out->verdict);
	report = (struct report){ .ip = out->ip,
		.record = record,
		.stragglers = &out->stragglers,
		.outside = &out->outside,
		.evidence = &torn.evidence,
		.members = &torn.left,
		.verdict = out->verdict,
		.reason = out->reason,
		.leaked =
		    out->stragglers.n > 0 || out->verdict == VERDICT_HELD };
	out->leaked = report.leaked;
	report_end(&report, o);
	report_events(&report, status);
	teardown_free(&torn);
	fails = report.leaked && o->on_leak == ON_LEAK_FAIL;
	if (o->record[0] != '\0')
		keep_record(o, record);
	record->release.freed = freed;
	record->release.leaked = fails ? (uint32_t)o->leak_status : 0;
	atomic_store(&record->release.done, 1);
	end = exit_of(out, o, fails);
	say_verdict(out, end, status);
	pool_release(c, out->verdict == VERDICT_CLEAN);
	msg_flush(); /* last: it may wait for a reader of stderr */
	return end;
}
