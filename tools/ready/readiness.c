/* SPDX-License-Identifier: ISC */
#include "ready/readiness.h"

#include <stddef.h>

/*
 * A busy moment just before the cap is no spin: nothing but a processor may
 * have moved for as long as the idle limit, or half the cap.
 */
static bool
spins(const struct facts *f)
{
	int64_t enough = f->cap / 2;

	if (f->idle_limit > 0 && f->idle_limit < enough)
		enough = f->idle_limit;
	return f->busy && f->unmoved >= enough;
}

enum readiness
readiness_of(const struct facts *f)
{
	if (f->exited)
		return READY_EXITED;
	if ((f->awaited & ~f->came) == 0)
		return READY_READY;
	if (f->command_missing)
		return READY_NOPROBE;
	if (f->extended)
		return READY_STARTING;
	if (f->idle_limit > 0 && f->idle >= f->idle_limit)
		return READY_HUNG;
	if (f->cap > 0 && f->elapsed >= f->cap)
		return spins(f) ? READY_SPINNING : READY_CAPPED;
	return READY_STARTING;
}

const char *
readiness_name(enum readiness readiness)
{
	static const char *const names[] = {
		[READY_STARTING] = "STARTING",
		[READY_READY] = "READY",
		[READY_EXITED] = "EXITED",
		[READY_NOPROBE] = "NOPROBE",
		[READY_HUNG] = "HUNG",
		[READY_SPINNING] = "SPINNING",
		[READY_CAPPED] = "CAPPED",
	};

	return names[readiness];
}
