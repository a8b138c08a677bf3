/* SPDX-License-Identifier: ISC */
/* From facts to the verdict about a startup, a row a case. */
#include "ready/readiness.h"

#include <criterion/criterion.h>

/* Of a startup that awaits two ports, with the usual limits. */
#define USUAL .awaited = AWAIT_PORTS, .idle_limit = 60000, .cap = 1200000

static const struct row {
	const char *what;
	struct facts facts;
	enum readiness expected;
} rows[] = {
	{ "just begun", { USUAL }, READY_STARTING },
	{ "all ports up", { USUAL, .came = AWAIT_PORTS }, READY_READY },
	{ "up, and the cap reached in the same moment",
	    { USUAL, .came = AWAIT_PORTS, .elapsed = 1200000 }, READY_READY },
	{ "up, but it has ended",
	    { USUAL, .came = AWAIT_PORTS, .exited = true }, READY_EXITED },
	{ "ended after the idle limit",
	    { USUAL, .idle = 60000, .exited = true }, READY_EXITED },
	{ "ports and a command awaited, ports came",
	    { .awaited = AWAIT_PORTS | AWAIT_COMMAND, .came = AWAIT_PORTS },
	    READY_STARTING },
	{ "all three awaited, all came", { .awaited = 7, .came = 7 },
	    READY_READY },
	{ "READY=1 came but is not awaited", { USUAL, .came = AWAIT_NOTIFY },
	    READY_STARTING },
	{ "no such command",
	    { .awaited = AWAIT_COMMAND, .command_missing = true },
	    READY_NOPROBE },
	{ "just below the idle limit", { USUAL, .idle = 59999 },
	    READY_STARTING },
	{ "at the idle limit", { USUAL, .idle = 60000 }, READY_HUNG },
	{ "at the idle limit, which is off",
	    { .awaited = AWAIT_PORTS, .idle = 600000 }, READY_STARTING },
	{ "at the idle limit, more time was asked for",
	    { USUAL, .idle = 60000, .extended = true }, READY_STARTING },
	{ "at the cap, more time was asked for",
	    { USUAL, .elapsed = 1200000, .extended = true }, READY_STARTING },
	{ "at the cap, it moved", { USUAL, .elapsed = 1200000 }, READY_CAPPED },
	{ "at the cap, busy, and it read something lately",
	    { USUAL, .elapsed = 1200000, .busy = true, .unmoved = 59999 },
	    READY_CAPPED },
	{ "at the cap, busy, and nothing else for long",
	    { USUAL, .elapsed = 1200000, .busy = true, .unmoved = 60000 },
	    READY_SPINNING },
	{ "at the cap, unmoved but not busy",
	    { USUAL, .elapsed = 1200000, .unmoved = 60000 }, READY_CAPPED },
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
	    READY_STARTING },
	{ "hung and capped at once",
	    { USUAL, .idle = 60000, .elapsed = 1200000 }, READY_HUNG },
};

Test(readiness, the_first_rule_that_holds_is_the_verdict)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		cr_expect_str_eq(readiness_name(readiness_of(&rows[i].facts)),
		    readiness_name(rows[i].expected), "%s", rows[i].what);
}
