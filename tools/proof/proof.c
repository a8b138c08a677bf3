/* SPDX-License-Identifier: ISC */
/* The first rule that holds is the verdict. */
#include "proof/proof.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool
blind(const struct evidence *e)
{
	return e->sockets_unseen != 0 || e->processes_failed != 0 ||
	       e->processes_unseen || e->overflowed || e->damaged;
}

static bool
occupied(const struct evidence *e)
{
	return e->processes > 0 || e->held > 0 || e->ports_held > 0;
}

static bool
fading(const struct evidence *e)
{
	return e->fading > 0 || e->ports_cooling > 0;
}

static bool
always(const struct evidence *e)
{
	(void)e;
	return true;
}

static void
reason_unknown(const struct evidence *e, char *text, size_t size)
{
	if (e->sockets_unseen != 0)
		(void)snprintf(text, size, "sock_diag refused: %s",
		    strerror(e->sockets_unseen));
	else if (e->processes_failed == ENXIO)
		(void)strlcpy(
		    text, "/proc is missing or of another pid namespace", size);
	else if (e->processes_failed != 0)
		(void)snprintf(text, size,
		    "processes could not be looked at: %s",
		    strerror(e->processes_failed));
	else if (e->damaged)
		(void)strlcpy(text, "the record was damaged", size);
	else if (e->processes_unseen)
		(void)snprintf(
		    text, size, "processes of others cannot be seen in /proc");
	else
		(void)snprintf(
		    text, size, "more programs ran than the record can list");
}

static void
reason_held(const struct evidence *e, char *text, size_t size)
{
	if (e->processes > 0)
		(void)snprintf(text, size, "%u process%s left", e->processes,
		    e->processes == 1 ? "" : "es");
	else if (e->held > 0)
		(void)snprintf(text, size, "%u socket%s open", e->held,
		    e->held == 1 ? "" : "s");
	else
		(void)snprintf(text, size, "port %u is taken", e->port);
}

static void
reason_cooling(const struct evidence *e, char *text, size_t size)
{
	if (e->fading > 0)
		(void)snprintf(text, size, "%u socket%s closing", e->fading,
		    e->fading == 1 ? "" : "s");
	else
		(void)snprintf(text, size, "port %u is closing", e->port);
}

static void
reason_clean(const struct evidence *e, char *text, size_t size)
{
	(void)e;
	(void)snprintf(text, size, "no process and no socket left");
}

/* What we cannot see outranks what we can. */
static const struct rule {
	enum verdict verdict;
	bool (*holds)(const struct evidence *);
	void (*reason)(const struct evidence *, char *text, size_t size);
} rules[] = {
	{ VERDICT_UNKNOWN, blind, reason_unknown },
	{ VERDICT_HELD, occupied, reason_held },
	{ VERDICT_COOLING, fading, reason_cooling },
	{ VERDICT_CLEAN, always, reason_clean },
};

static const struct rule *
rule_for(const struct evidence *e)
{
	const struct rule *rule = rules;

	while (!rule->holds(e))
		rule++;
	return rule;
}

enum verdict
proof_of(const struct evidence *e)
{
	return rule_for(e)->verdict;
}

void
proof_reason(const struct evidence *e, char *text, size_t size)
{
	rule_for(e)->reason(e, text, size);
}

bool
proof_frees(enum verdict verdict)
{
	return verdict == VERDICT_CLEAN || verdict == VERDICT_COOLING;
}

const char *
proof_name(enum verdict verdict)
{
	static const char *const names[] = { "CLEAN", "COOLING", "HELD",
		"UNKNOWN" };

	return names[verdict];
}
