/* SPDX-License-Identifier: ISC */
/* The last section of a run, in the order that proves. */
#include "run/conclude.h"
#include "base/fault.h"
#include "base/msg.h"
#include "base/printable.h"
#include "kernel/procfs.h"
#include "proof/members.h"
#include "proof/proof.h"
#include "proof/quiesce.h"
#include "run/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	CLIENT_WAIT = 500, /* milliseconds that clients of exec may take */
	CLIENT_ROUNDS = 8
};

static void
note_clients(
    struct outcome *out, const struct claim *c, const struct members *t)
{
	struct procfs_stat st;

	for (size_t i = 0; i < t->n; i++)
		if (members_proven(&t->list[i]) &&
		    procfs_stat(t->list[i].pid, &st) == 0 &&
		    st.start == t->list[i].start)
			stragglers_note(&out->stragglers, &st, 1, c->diag,
			    &c->terms, c->stored.record);
}

/* What a script started just before release; no event tells of an exec. */
static void
wait_for_execs(void)
{
	static const struct timespec moment = { .tv_nsec = 5000000 };

	(void)nanosleep(&moment, NULL);
}

/* One round: whoever is there now.  False when nobody proven is. */
static bool
end_round(struct outcome *out, const struct options *o, const struct claim *c,
    struct evidence *e, int64_t *patience)
{
	enum members_among among = out->commandless ? AMONG_ALL : AMONG_IMAGES;
	struct evidence sockets = { 0 };
	struct members t = { 0 };
	bool again;

	if (out->commandless)
		evidence_sockets(
		    &sockets, c->diag, &c->terms, c->stored.record, LOOK_WALK);
	e->processes_failed = 0;
	if (fault("conclude.tenants") == -1 ||
	    members_find(&t, &c->stored, &sockets, among) == -1)
		e->processes_failed = errno;
	e->processes = (unsigned int)members_unproven(&t, &c->stored);
	e->processes_unseen = out->commandless && t.unseen;
	/* One that just died may have refused to be looked at. */
	again = (e->processes_unseen || e->processes_failed != 0) &&
		e->processes == 0;
	if (t.starting > 0) {
		wait_for_execs();
		again = true;
	}
	if (t.n > e->processes && members_wait(&t, *patience) > 0) {
		*patience = 0;
		members_excuse(&t, &c->stored);
		note_clients(out, c, &t);
		e->processes += (unsigned int)members_end(&t, o->sig, o->grace);
		again = true;
	}
	members_free(&t);
	return again;
}

/*
 * End those who are no descendants of ours: whom `portlease exec` brought,
 * or, without a command, everybody.  Whoever is still there after a moment is
 * a straggler.  What they forked meanwhile is found in the next round.
 */
static void
end_clients(struct outcome *out, const struct options *o, const struct claim *c,
    struct evidence *e)
{
	int64_t patience = CLIENT_WAIT;

	for (int i = 0; i < CLIENT_ROUNDS && end_round(out, o, c, e, &patience);
	     i++)
		;
}

/* Keep the record for later: all of it or an error, and never the verdict. */
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

static struct ipc_exit
end_as(const struct outcome *out, const struct options *o, bool leaked)
{
	if (out->unready != 0)
		return (struct ipc_exit){ out->unready, 0 };
	if (leaked && o->on_leak == ON_LEAK_FAIL && out->end.sig == 0 &&
	    out->end.status == 0)
		return (struct ipc_exit){ EXIT_LEAK, 0 };
	return out->end;
}

bool
conclude_leaked(const struct outcome *out, const struct evidence *e)
{
	return out->stragglers.n > 0 || proof_of(e) == VERDICT_HELD;
}

/* Processes first: only when they are gone do sockets prove anything. */
static void
gather(struct outcome *out, const struct options *o, const struct claim *c,
    struct evidence *e)
{
	struct record *record = c->stored.record;

	end_clients(out, o, c, e);
	if (out->stuck)
		e->processes += report_stuck(record, out->ip);
	/* Without a command nobody's ECHILD makes up for a full table. */
	e->overflowed =
	    out->commandless && atomic_load(&record->counts.images) > 0;
	(void)quiesce(e, c->diag, &c->terms, record);
	e->damaged = !record_valid(record, sizeof(*record));
}

struct ipc_exit
conclude(struct outcome *out, const struct options *o, struct claim *c)
{
	struct record *record = c->stored.record;
	struct evidence e = { 0 };
	enum verdict verdict;
	struct ipc_exit end;
	bool freed, leaked;

	msg_hold();
	gather(out, o, c, &e);
	if (fault("conclude.sockets") == -1)
		e.sockets_unseen = errno;
	(void)fault("conclude.proven");
	out->verdict = verdict = proof_of(&e);
	proof_reason(&e, out->reason, sizeof(out->reason));
	freed = verdict == VERDICT_CLEAN || verdict == VERDICT_COOLING;
	report_end(out, o, &e, record);
	leaked = conclude_leaked(out, &e);
	end = end_as(out, o, leaked);
	if (o->record[0] != '\0')
		keep_record(o, record);
	record->release.freed = freed;
	record->release.leaked = leaked && o->on_leak == ON_LEAK_FAIL;
	atomic_store(&record->release.done, 1);
	(void)fault("conclude.told");
	pool_release(c, freed, verdict == VERDICT_CLEAN);
	msg_flush(); /* last: nobody may be reading */
	return end;
}
