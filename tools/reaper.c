/* SPDX-License-Identifier: ISC */
/* Section by section: who is left, end them, what is left, judge. */
#include "reaper.h"
#include "settle.h"

#include <errno.h>
#include <string.h>

/* What to prove with when the record's own terms cannot be read. */
static struct terms
bare_terms(uint32_t ip)
{
	struct terms t = { .leased = ip };

	if ((ip & 0xff) != HOST_LEASED)
		t.flags = TERMS_ADOPTED;
	return t;
}

static void
end_tenants(const struct stored *s, const struct reaping *how,
    const struct evidence *e, struct reaped *out)
{
	struct tenants *t = &out->tenants;

	if (tenants_find(t, s->record, s->path, e, AMONG_ALL) == -1)
		t->unseen = true;
	out->left = t->n;
	if (!how->dry_run)
		out->left =
		    tenants_unproven(t) + tenants_end(t, how->sig, how->grace);
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
