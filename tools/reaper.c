/* SPDX-License-Identifier: ISC */
/* Section by section: who is left, end them, what is left, judge. */
#include "reaper.h"
#include "clock.h"
#include "settle.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

enum { STORM = 2000 /* milliseconds against those who keep forking */ };

/* What to prove with when the record's own terms cannot be read. */
static struct terms
bare_terms(uint32_t ip)
{
	struct terms t = { .leased = ip };

	if ((ip & 0xff) != HOST_LEASED)
		t.flags = TERMS_ADOPTED;
	return t;
}

/*
 * Who was forked while the others were asked or killed, pass after pass until
 * one finds nobody.  Returns how many are left.
 */
static size_t
end_late(const struct stored *s, const struct evidence *e, bool *unseen)
{
	int64_t end = clock_ms() + STORM;
	struct tenants t;
	size_t left;

	do {
		if (tenants_find(&t, s->record, s->path, e, AMONG_ALL) == -1)
			t.unseen = true;
		left = t.n;
		*unseen = t.unseen;
		if (tenants_unproven(&t) == t.n) {
			tenants_free(&t);
			return left;
		}
		(void)tenants_end(&t, SIGKILL, 0);
		tenants_free(&t);
	} while (clock_ms() < end);
	return left;
}

static void
end_tenants(const struct stored *s, const struct reaping *how,
    const struct evidence *e, struct reaped *out)
{
	struct tenants *t = &out->tenants;

	if (tenants_find(t, s->record, s->path, e, AMONG_ALL) == -1)
		t->unseen = true;
	out->left = t->n;
	if (how->dry_run || t->n == 0)
		return;
	(void)tenants_end(t, how->sig, how->grace);
	out->left = end_late(s, e, &t->unseen);
}

void
reaper_finish(const struct statedir *dir, struct stored *s,
    const struct reaping *how, struct reaped *out)
{
	struct sockdiag *diag = sockdiag_open();
	struct terms terms = s->record ? s->record->terms : bare_terms(s->ip);
	struct evidence before = { 0 };

	memset(out, 0, sizeof(*out));
	evidence_sockets(&before, diag, &terms, s->record, LOOK_WALK);
	if (s->record != NULL)
		end_tenants(s, how, &before, out);
	out->evidence.processes = (unsigned int)out->left;
	out->evidence.processes_unseen = out->tenants.unseen;
	out->evidence.overflowed =
	    s->record != NULL && atomic_load(&s->record->counts.images) > 0;
	out->verdict = settle(&out->evidence, diag, &terms, s->record);
	sockdiag_close(diag);
	if (!how->dry_run &&
	    (out->verdict == VERDICT_CLEAN || out->verdict == VERDICT_COOLING))
		(void)store_remove(dir, s->name);
}
