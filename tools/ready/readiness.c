/* SPDX-License-Identifier: ISC */
/* The first rule that holds is the verdict. */
#include "ready/readiness.h"

#include <stddef.h>

static bool
exited(const struct facts *f)
{
	return f->exited;
}

static bool
complete(const struct facts *f)
{
	return (f->awaited & ~f->came) == 0;
}

static bool
unprobed(const struct facts *f)
{
	return f->probe_missing;
}

/* It asked for more time; see sd_notify(3). */
static bool
extended(const struct facts *f)
{
	return f->extended;
}

static bool
hung(const struct facts *f)
{
	return f->idle_limit > 0 && f->idle >= f->idle_limit;
}

static bool
capped(const struct facts *f)
{
	return f->cap > 0 && f->elapsed >= f->cap;
}

/*
 * A busy moment before the cap is no spin: nothing else may have moved for as
 * long as a sleeper would have been given.
 */
static bool
spinning(const struct facts *f)
{
	int64_t enough = f->cap / 2;

	if (f->idle_limit > 0 && f->idle_limit < enough)
		enough = f->idle_limit;
	return capped(f) && f->busy && f->unmoved >= enough;
}

static bool
always(const struct facts *f)
{
	(void)f;
	return true;
}

static const struct rule {
	enum readiness readiness;
	bool (*holds)(const struct facts *);
} rules[] = {
	{ READY_EXITED, exited },
	{ READY_READY, complete },
	{ READY_NOPROBE, unprobed },
	{ READY_BOOTING, extended },
	{ READY_HUNG, hung },
	{ READY_SPINNING, spinning },
	{ READY_CAPPED, capped },
	{ READY_BOOTING, always },
};

enum readiness
readiness_of(const struct facts *f)
{
	size_t i = 0;

	while (!rules[i].holds(f))
		i++;
	return rules[i].readiness;
}

const char *
readiness_name(enum readiness readiness)
{
	static const char *const names[] = {
		[READY_BOOTING] = "BOOTING",
		[READY_READY] = "READY",
		[READY_EXITED] = "EXITED",
		[READY_NOPROBE] = "NOPROBE",
		[READY_HUNG] = "HUNG",
		[READY_SPINNING] = "SPINNING",
		[READY_CAPPED] = "CAPPED",
	};

	return names[readiness];
}
