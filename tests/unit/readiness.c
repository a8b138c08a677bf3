/* SPDX-License-Identifier: ISC */
/* From facts to the verdict about a boot, a row a case. */
#include "ready/readiness.h"

#include <criterion/criterion.h>

/* Of a boot that awaits two ports, with the usual limits. */
#define BOOT .awaited = AWAIT_PORTS, .idle_limit = 60000, .cap = 1200000

static const struct row {
	const char *what;
	struct facts facts;
	enum readiness expected;
} rows[] = {
	{ "just begun", { BOOT }, READY_BOOTING },
	{ "all ports up", { BOOT, .came = AWAIT_PORTS }, READY_READY },
	{ "up, and the cap reached in the same moment",
	    { BOOT, .came = AWAIT_PORTS, .elapsed = 1200000 }, READY_READY },
	{ "up, but it has ended", { BOOT, .came = AWAIT_PORTS, .exited = true },
	    READY_EXITED },
	{ "ended after the idle limit", { BOOT, .idle = 60000, .exited = true },
	    READY_EXITED },
	{ "ports and probe awaited, ports came",
	    { .awaited = AWAIT_PORTS | AWAIT_PROBE, .came = AWAIT_PORTS },
	    READY_BOOTING },
	{ "all three awaited, all came", { .awaited = 7, .came = 7 },
	    READY_READY },
	{ "READY=1 came though nobody awaits it",
	    { BOOT, .came = AWAIT_NOTIFY }, READY_BOOTING },
	{ "no such probe", { .awaited = AWAIT_PROBE, .probe_missing = true },
	    READY_NOPROBE },
	{ "just below the idle limit", { BOOT, .idle = 59999 }, READY_BOOTING },
	{ "at the idle limit", { BOOT, .idle = 60000 }, READY_HUNG },
	{ "at the idle limit, which is off",
	    { .awaited = AWAIT_PORTS, .idle = 600000 }, READY_BOOTING },
	{ "at the idle limit, more time was asked for",
	    { BOOT, .idle = 60000, .extended = true }, READY_BOOTING },
	{ "at the cap, more time was asked for",
	    { BOOT, .elapsed = 1200000, .extended = true }, READY_BOOTING },
	{ "at the cap, it moved", { BOOT, .elapsed = 1200000 }, READY_CAPPED },
	{ "at the cap, busy, and it read something lately",
	    { BOOT, .elapsed = 1200000, .busy = true, .unmoved = 59999 },
	    READY_CAPPED },
	{ "at the cap, busy, and nothing else for long",
	    { BOOT, .elapsed = 1200000, .busy = true, .unmoved = 60000 },
	    READY_SPINNING },
	{ "at the cap, unmoved but not busy",
	    { BOOT, .elapsed = 1200000, .unmoved = 60000 }, READY_CAPPED },
	{ "at a cap below the idle limit, busy for half of it",
	    { .awaited = AWAIT_PORTS,
		.idle_limit = 60000,
		.cap = 2000,
		.elapsed = 2000,
		.busy = true,
		.unmoved = 1000 },
	    READY_SPINNING },
	{ "busy for ever, without a cap",
	    { .awaited = AWAIT_PORTS,
		.idle_limit = 60000,
		.elapsed = 9999999,
		.busy = true,
		.unmoved = 9999999 },
	    READY_BOOTING },
	{ "hung and capped at once",
	    { BOOT, .idle = 60000, .elapsed = 1200000 }, READY_HUNG },
};

Test(ready, the_first_rule_that_holds_is_the_verdict)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		cr_expect_str_eq(readiness_name(readiness_of(&rows[i].facts)),
		    readiness_name(rows[i].expected), "%s", rows[i].what);
}
