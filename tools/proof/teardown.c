/* SPDX-License-Identifier: ISC */
/*
 * Members are looked for and asked, again and again within one grace, until a
 * look finds none.  Then, or when the grace is over, passes of SIGKILL over
 * /proc catch what forks faster than it can be looked at.
 */
#include "proof/teardown.h"
#include "base/clock.h"
#include "kernel/recmaps.h"
#include "proof/ending.h"
#include "proof/quiesce.h"
#include "store/recquery.h"

#include <errno.h>
#include <string.h>

enum {
	ROUNDS = 8, /* of looking and asking */
	LOOKS = 4, /* after the last SIGKILL */
	STORM = 10000, /* milliseconds against programs that keep forking */
	PASSES = 2, /* that find nobody before that is believed, */
	PASSES_LISTENING = 20, /* and while something still listens */
	EXEC_TIME = 5 /* milliseconds; no event tells of an exec */
};

struct ending {
	const struct stored *stored;
	struct sockdiag *diag;
	const struct teardown_policy *how;
	struct teardown *out;
	struct evidence sockets; /* of the lease, at the last look */
	size_t unproven; /* members with one witness, at the last look */
	int64_t patience; /* milliseconds; 0 once somebody was asked */
	int64_t grace_end; /* clock_ms; 0 until somebody was asked */
};

/* Only the kernel's word that no process maps the record spares the look. */
static enum members_among
among(const struct ending *t)
{
	if (t->how->unended)
		return AMONG_OTHERS;
	if (t->how->among == AMONG_IMAGES && t->stored->fd != -1 &&
	    recmaps_writers(t->stored->fd) == WRITERS_NONE)
		return AMONG_IMAGES;
	return AMONG_ALL;
}

/* Find the members that are there now. */
static void
look(struct ending *t, struct members *m)
{
	struct evidence *e = &t->out->evidence;
	enum members_among where = among(t);

	if (where != AMONG_IMAGES) {
		memset(&t->sockets, 0, sizeof(t->sockets));
		evidence_sockets(&t->sockets, t->diag, &t->stored->terms,
		    store_witness(t->stored));
	}
	e->processes_failed = 0;
	memset(m, 0, sizeof(*m));
	if (members_find(m, t->stored, &t->sockets, where) == -1)
		e->processes_failed = errno;
	e->processes_unseen = m->unseen;
	t->unproven = ending_unproven(m, t->stored);
	e->processes = (unsigned int)t->unproven;
}

/* One that was just dying may have refused to be looked at: look again. */
static bool
saw_all(const struct ending *t)
{
	const struct evidence *e = &t->out->evidence;

	return !e->processes_unseen && e->processes_failed == 0;
}

static void
note_stragglers(const struct ending *t, const struct members *m)
{
	struct procfs_stat st;

	for (size_t i = 0; i < m->n && t->how->stragglers != NULL; i++)
		if (members_proven(&m->list[i]) &&
		    procfs_stat(m->list[i].pid, &st) == 0 &&
		    st.start == m->list[i].start)
			stragglers_note(t->how->stragglers, &st, 1, t->diag,
			    &t->stored->terms, t->stored->record);
}

static void
ask(struct ending *t, struct members *m)
{
	int64_t now = clock_ms();

	t->patience = 0;
	if (t->grace_end == 0)
		t->grace_end = now + t->how->grace;
	members_exclude_callers(m, t->stored);
	note_stragglers(t, m);
	(void)ending_ask(
	    m, t->how->sig, t->grace_end > now ? t->grace_end - now : 0);
}

/* Look, and ask those that are there; false when another look adds nothing. */
static bool
ask_round(struct ending *t, struct members *m)
{
	bool again;

	look(t, m);
	again = !saw_all(t) && t->unproven == 0;
	if (t->how->dry_run) {
		t->out->evidence.processes = (unsigned int)m->n;
		return false;
	}
	/* What a script started just before `release`. */
	if (m->starting > 0) {
		clock_sleep(EXEC_TIME);
		again = true;
	}
	if (m->n > t->unproven && ending_wait(m, t->patience) > 0) {
		ask(t, m);
		again = clock_ms() < t->grace_end;
	}
	return again;
}

static bool
is_members(const struct ending *t, const struct sockdiag_socket *s)
{
	const struct record *record = store_witness(t->stored);

	return s->inode != 0 &&
	       (record != NULL ? recquery_knows(record, s->cookie)
			       : !sockdiag_wildcard(s));
}

static int
passes_needed(const struct ending *t)
{
	const struct terms *terms = &t->stored->terms;
	struct sockets all = { 0 };
	bool listens = false;

	if (t->diag != NULL)
		(void)sockdiag_tcp_listening(
		    t->diag, terms->leased, terms_prefix(terms), &all);
	for (size_t i = 0; i < all.n && !listens; i++)
		listens = is_members(t, &all.list[i]);
	sockets_free(&all);
	return listens ? PASSES_LISTENING : PASSES;
}

/* Processes that were forked while the others were asked or killed. */
static void
kill_late(struct ending *t)
{
	int64_t end = clock_ms() + STORM;
	struct members m;
	size_t left = 0;
	int empty = 0;

	while (empty < passes_needed(t) && clock_ms() < end)
		empty = ending_kill(t->stored, &t->sockets) > 0 ? 0 : empty + 1;
	for (int i = 0; i < LOOKS; i++) {
		look(t, &m);
		left = t->unproven + ending_wait(&m, STORM);
		members_free(&m);
		if (left > 0 || saw_all(t))
			break;
	}
	t->out->evidence.processes = (unsigned int)left;
}

static void
end_members(struct ending *t)
{
	struct members m;
	bool again = ask_round(t, &t->out->found);

	for (int i = 1; i < ROUNDS && again; i++) {
		again = ask_round(t, &m);
		members_free(&m);
	}
	if (t->grace_end != 0)
		kill_late(t);
}

/*
 * All that the verdict is told of processes, but for the looks above.  A full
 * table of images matters where only they and /proc tell of processes.
 */
static void
count_processes(struct ending *t)
{
	const struct record *record = store_witness(t->stored);
	struct evidence *e = &t->out->evidence;

	e->processes += t->how->stuck;
	if (t->how->unended && t->how->stuck == 0)
		e->processes_unseen = true;
	e->overflowed = t->how->among == AMONG_ALL && record != NULL &&
			atomic_load(&record->counts.images) > 0;
}

void
teardown(const struct stored *s, struct sockdiag *diag,
    const struct teardown_policy *how, struct teardown *out)
{
	struct ending t = { .stored = s,
		.diag = diag,
		.how = how,
		.out = out,
		.patience = how->patience };
	struct evidence *e = &out->evidence;

	memset(out, 0, sizeof(*out));
	end_members(&t);
	count_processes(&t);
	(void)quiesce(e, diag, &s->terms, store_witness(s));
	e->damaged =
	    s->record != NULL && !record_valid(s->record, sizeof(*s->record));
	out->verdict = proof_of(e);
}
