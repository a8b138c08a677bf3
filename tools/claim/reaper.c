/* SPDX-License-Identifier: ISC */
/* Section by section: who is left, end them, what is left, judge. */
#include "claim/reaper.h"
#include "base/clock.h"
#include "base/fault.h"
#include "kernel/addrlock.h"
#include "lease/terms.h"
#include "proof/quiesce.h"
#include "store/recquery.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

enum {
	STORM = 2000, /* milliseconds against those who keep forking */
	LOOKS = 4
};

/* The record's own, or all that its name tells: no ports, so all of them. */
static struct terms
terms_of(const struct stored *s)
{
	struct terms t = { 0 };

	if (s->record != NULL)
		t = s->record->terms;
	if (terms_valid(&t) && t.leased == s->ip)
		return t;
	t = (struct terms){ .leased = s->ip };
	if (addrlock_address(s->ip) == s->ip || (s->ip & 0xff) != HOST_LEASED)
		t.flags = TERMS_ADOPTED;
	return t;
}

/* What can bear witness: nothing in the record of another boot. */
static struct record *
witness_of(const struct stored *s)
{
	return s->past ? NULL : s->record;
}

static bool
recorded(const struct sockdiag_socket *s, const struct record *r)
{
	return s->inode != 0 && (r != NULL ? recquery_knows(r, s->cookie)
					   : !sockdiag_wildcard(s));
}

/* Passes that find nobody before it is believed: more while a port listens. */
static int
enough(struct sockdiag *diag, const struct stored *s)
{
	struct terms t = terms_of(s);
	struct sockets all = { 0 };
	bool listens = false;

	if (diag != NULL)
		(void)sockdiag_tcp_listening(
		    diag, t.leased, terms_prefix(&t), &all);
	for (size_t i = 0; i < all.n && !listens; i++)
		listens = recorded(&all.list[i], witness_of(s));
	sockets_free(&all);
	return listens ? 20 : 2;
}

static void
find(const struct stored *s, const struct evidence *e, struct members *t,
    struct reaped *out)
{
	memset(t, 0, sizeof(*t));
	out->evidence.processes_failed = 0;
	if (fault("reap.tenants") == -1 ||
	    members_find(t, s, e, AMONG_ALL) == -1)
		out->evidence.processes_failed = errno;
	out->evidence.processes_unseen = t->unseen;
}

/*
 * Who was forked while the others were asked or killed, pass after pass until
 * some find nobody.  Returns how many are left.
 */
static size_t
end_late(const struct stored *s, struct sockdiag *diag,
    const struct evidence *e, struct reaped *out)
{
	int64_t end = clock_ms() + STORM;
	struct members t;
	size_t left = 0;
	int empty = 0;

	while (empty < enough(diag, s) && clock_ms() < end)
		empty = members_kill(s, e) > 0 ? 0 : empty + 1;
	for (int i = 0; i < LOOKS; i++) {
		find(s, e, &t, out);
		left = members_unproven(&t, s) + members_wait(&t, STORM);
		members_free(&t);
		/* One that just died may have refused to be looked at. */
		if (left > 0 || (!out->evidence.processes_unseen &&
				    out->evidence.processes_failed == 0))
			break;
	}
	return left;
}

static void
end_tenants(const struct stored *s, const struct reaping *how,
    struct sockdiag *diag, const struct evidence *e, struct reaped *out)
{
	struct members *t = &out->tenants;

	(void)fault("reap.locked");
	find(s, e, t, out);
	out->left = t->n;
	if (how->dry_run || t->n == 0)
		return;
	(void)members_end(t, how->sig, how->grace);
	(void)fault("reap.asked");
	out->left = end_late(s, diag, e, out);
}

void
reaper_finish(const struct statedir *dir, struct stored *s,
    const struct reaping *how, struct reaped *out)
{
	struct sockdiag *diag = sockdiag_open();
	struct terms terms = terms_of(s);
	struct record *record = witness_of(s);
	struct evidence before = { 0 };

	memset(out, 0, sizeof(*out));
	evidence_sockets(&before, diag, &terms, record, LOOK_WALK);
	end_tenants(s, how, diag, &before, out);
	out->evidence.processes = (unsigned int)out->left;
	out->evidence.overflowed =
	    record != NULL && atomic_load(&record->counts.images) > 0;
	(void)quiesce(&out->evidence, diag, &terms, record);
	out->evidence.damaged =
	    s->record != NULL && !record_valid(s->record, sizeof(*s->record));
	out->verdict = proof_of(&out->evidence);
	(void)fault("reap.proven");
	sockdiag_close(diag);
	if (out->verdict != VERDICT_CLEAN && out->verdict != VERDICT_COOLING)
		return;
	if (s->error == EISDIR)
		out->stays = EISDIR;
	else if (!how->dry_run && store_remove(dir, s->name) == -1)
		out->stays = errno;
}
