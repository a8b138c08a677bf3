/* SPDX-License-Identifier: ISC */
/*
 * Members are looked for and asked, again and again within one grace, until a
 * look finds none: one that was found, and has ended since, may have forked.
 * Then, or when the grace is over, passes of SIGKILL over /proc catch what
 * forks faster than it can be looked at.
 */
#include "proof/teardown.h"
#include "base/clock.h"
#include "proof/ending.h"
#include "proof/quiesce.h"
#include "store/recquery.h"

#include <errno.h>
#include <string.h>

enum {
	ATTEMPTS = 8, /* to end what came in after the last look */
	ROUNDS = 8, /* of looking and asking, once nobody has patience */
	LOOKS = 16, /* after the last SIGKILL */
	STORM = 10000, /* milliseconds against programs that keep forking, and
			  for SIGKILL to work on a busy machine */
	DYING = 500, /* milliseconds for one that was just killed */
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
	bool explained; /* see members.h */
	bool ended; /* one that the last look found has ended by itself */
	int64_t patience_end; /* clock_ms; 0 once somebody was asked */
	int64_t grace_end; /* clock_ms; 0 until somebody was asked */
};

/* Only the kernel's word that no process maps the record spares the look. */
static enum members_among
among(const struct ending *t)
{
	if (t->how->unended)
		return AMONG_OTHERS;
	if (t->how->among == AMONG_IMAGES && t->stored->fd != -1 &&
	    store_writers(t->stored) == WRITERS_NONE)
		return AMONG_IMAGES;
	return AMONG_ALL;
}

/* Find the members that are there now. */
static void
look(struct ending *t, struct members *m)
{
	struct evidence *e = &t->out->evidence;
	enum members_among where = among(t);
	size_t found;

	if (where != AMONG_IMAGES) {
		memset(&t->sockets, 0, sizeof(t->sockets));
		evidence_sockets(&t->sockets, t->diag, &t->stored->terms,
		    store_witness(t->stored));
	}
	e->processes_failed = 0;
	members_free(m);
	if (members_find(m, t->stored, &t->sockets, where) == -1)
		e->processes_failed = errno;
	e->processes_unseen = m->unseen;
	t->explained = m->explained;
	found = m->n;
	t->unproven = ending_unproven(m, t->stored);
	t->ended = m->n < found;
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

	for (size_t i = 0; i < m->n && t->how->stragglers != NULL; i++) {
		if (!members_proven(&m->list[i]) ||
		    procfs_stat(m->list[i].pid, &st) == -1 ||
		    st.start != m->list[i].start)
			continue;
		outside_note(
		    t->how->outside, t->diag, &t->stored->terms, &st, 1);
		stragglers_note(t->how->stragglers, &st, 1, t->diag,
		    &t->stored->terms, t->stored->record);
	}
}

/* Short of memory, it is ended all the same, and not named. */
static void
note_asked(const struct ending *t, const struct members *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (members_proven(&m->list[i]))
			(void)members_add(&t->out->asked, &m->list[i]);
}

static void
ask(struct ending *t, struct members *m)
{
	int64_t now = clock_ms();

	t->patience_end = 0;
	if (t->grace_end == 0)
		t->grace_end = now + t->how->grace;
	members_exclude_callers(m, t->stored);
	note_stragglers(t, m);
	note_asked(t, m);
	(void)ending_ask(
	    m, t->how->sig, t->grace_end > now ? t->grace_end - now : 0);
}

/* Give those that were found the patience that is left. */
static bool
end_by_themselves(struct ending *t, const struct members *m)
{
	int64_t left = t->patience_end - clock_ms();

	if (ending_wait(m, left > 0 ? left : 0) > 0)
		return false;
	t->ended = true;
	return true;
}

/* Look, and ask those that are there; false when another look adds nothing. */
static bool
ask_round(struct ending *t)
{
	struct members *m = &t->out->left;
	bool again;

	look(t, m);
	if (t->how->dry_run) {
		t->out->evidence.processes = (unsigned int)m->n;
		return false;
	}
	again = t->ended || (!saw_all(t) && t->unproven == 0);
	/* What a script started just before `release`. */
	if (m->starting > 0) {
		clock_sleep(EXEC_TIME);
		again = true;
	}
	if (m->n == t->unproven)
		return again;
	if (end_by_themselves(t, m))
		return true;
	ask(t, m);
	return clock_ms() < t->grace_end;
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

/*
 * Processes that were forked while the others were asked or killed.  Only a
 * look that finds nobody is believed.
 */
static void
kill_late(struct ending *t)
{
	int64_t end = clock_ms() + STORM;
	struct members *m = &t->out->left;
	size_t left = 0;
	bool done = false;

	for (int i = 0; i < LOOKS && !done; i++) {
		int empty = 0;

		while (empty < passes_needed(t) && clock_ms() < end)
			empty = ending_kill(t->stored, &t->sockets, end) > 0
				    ? 0
				    : empty + 1;
		look(t, m);
		left = t->unproven + ending_wait(m, DYING);
		done = left > 0 || (m->n == 0 && !t->ended && saw_all(t));
	}
	t->out->evidence.processes = (unsigned int)left;
	if (!done)
		t->out->evidence.processes_unseen = true;
}

static void
end_members(struct ending *t)
{
	bool again = true;

	for (int i = 0; i < ROUNDS && again;) {
		again = ask_round(t);
		if (!again || (t->ended && clock_ms() < t->patience_end))
			continue;
		/* One that gives its memory back shows no mapping. */
		if (!saw_all(t))
			clock_sleep(1 << i);
		i++;
	}
	if (t->grace_end != 0 || (again && t->ended))
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

/* Keep programs out from here on; true when one has come in since the look. */
static bool
entered(struct ending *t)
{
	enum writers writers;

	if (t->how->dry_run || t->how->unended || !saw_all(t) ||
	    t->out->evidence.processes > 0)
		return false;
	writers = store_hold(t->stored);
	t->out->held = writers == WRITERS_NONE;
	return writers == WRITERS_SOME;
}

/* While a process maps the record that may, nothing keeps others out. */
static void
end_all(struct ending *t)
{
	bool again = true;

	for (int i = 0; i < ATTEMPTS && again; i++) {
		end_members(t);
		again = entered(t);
	}
	if (again && !t->explained)
		t->out->evidence.processes_unseen = true;
}

void
teardown(const struct stored *s, struct sockdiag *diag,
    const struct teardown_policy *how, struct teardown *out)
{
	struct ending t = { .stored = s,
		.diag = diag,
		.how = how,
		.out = out,
		.patience_end = clock_ms() + how->patience };
	struct evidence *e = &out->evidence;

	memset(out, 0, sizeof(*out));
	end_all(&t);
	count_processes(&t);
	(void)quiesce(e, diag, &s->terms, store_witness(s));
	e->damaged =
	    s->record != NULL && !record_valid(s->record, sizeof(*s->record));
	out->verdict = proof_of(e);
	if (out->held && !proof_frees(out->verdict)) {
		store_let_go(s);
		out->held = false;
	}
}

void
teardown_free(struct teardown *out)
{
	members_free(&out->left);
	members_free(&out->asked);
}
