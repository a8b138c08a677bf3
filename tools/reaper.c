/* SPDX-License-Identifier: ISC */
/* Section by section: who is left, end them, what is left, judge. */
#include "reaper.h"
#include "clock.h"
#include "fault.h"
#include "ledger.h"
#include "settle.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

enum {
	STORM = 2000, /* milliseconds against those who keep forking */
	LOOKS = 4
};

/* What to prove with when the record's own terms cannot be read. */
static struct terms
bare_terms(uint32_t ip)
{
	struct terms t = { .leased = ip };

	if ((ip & 0xff) != HOST_LEASED)
		t.flags = TERMS_ADOPTED;
	return t;
}

static int
recorded(const struct sockdiag_socket *s, void *arg)
{
	return s->inode != 0 && ledger_knows(arg, s->cookie);
}

/* Passes that find nobody before it is believed: more while a port listens. */
static int
enough(struct sockdiag *diag, struct record *r)
{
	int prefix = r->terms.flags & TERMS_ADOPTED ? 32 : 24;

	if (diag == NULL || sockdiag_tcp_listening(diag, r->terms.leased,
				prefix, recorded, r) != 1)
		return 2;
	return 20;
}

/*
 * Who was forked while the others were asked or killed, pass after pass until
 * some find nobody.  Returns how many are left.
 */
static size_t
end_late(const struct stored *s, struct sockdiag *diag,
    const struct evidence *e, bool *unseen)
{
	int64_t end = clock_ms() + STORM;
	struct tenants t;
	size_t left = 0;
	int empty = 0;

	while (empty < enough(diag, s->record) && clock_ms() < end)
		empty = tenants_kill(s->record, s->path, e) > 0 ? 0 : empty + 1;
	for (int i = 0; i < LOOKS; i++) {
		if (tenants_find(&t, s->record, s->path, e, AMONG_ALL) == -1)
			t.unseen = true;
		left = tenants_unproven(&t) + tenants_wait(&t, STORM);
		*unseen = t.unseen;
		tenants_free(&t);
		/* One that just died may have refused to be looked at. */
		if (left > 0 || !*unseen)
			break;
	}
	return left;
}

static void
end_tenants(const struct stored *s, const struct reaping *how,
    struct sockdiag *diag, const struct evidence *e, struct reaped *out)
{
	struct tenants *t = &out->tenants;

	(void)fault("reap.locked");
	if (fault("reap.tenants") == -1 ||
	    tenants_find(t, s->record, s->path, e, AMONG_ALL) == -1)
		t->unseen = true;
	out->left = t->n;
	if (how->dry_run || t->n == 0)
		return;
	(void)tenants_end(t, how->sig, how->grace);
	(void)fault("reap.asked");
	out->left = end_late(s, diag, e, &t->unseen);
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
		end_tenants(s, how, diag, &before, out);
	out->evidence.processes = (unsigned int)out->left;
	out->evidence.processes_unseen = out->tenants.unseen;
	out->evidence.overflowed =
	    s->record != NULL && atomic_load(&s->record->counts.images) > 0;
	out->verdict = settle(&out->evidence, diag, &terms, s->record);
	(void)fault("reap.proven");
	sockdiag_close(diag);
	if (!how->dry_run &&
	    (out->verdict == VERDICT_CLEAN || out->verdict == VERDICT_COOLING))
		(void)store_remove(dir, s->name);
}
