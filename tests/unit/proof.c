/* SPDX-License-Identifier: ISC */
/* Rows of evidence, and the verdict that each must come to. */
#include "proof/proof.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

static const struct row {
	const char *name;
	struct evidence e;
	enum verdict verdict;
	const char *reason;
} rows[] = {
	{ "nothing left", { 0 }, VERDICT_CLEAN,
	    "no process and no socket left" },
	{ "a socket closing", { .fading = 1 }, VERDICT_COOLING,
	    "1 socket closing" },
	{ "a port in TIME_WAIT", { .ports_cooling = 1, .port = 9925 },
	    VERDICT_COOLING, "port 9925 is closing" },
	{ "a listener", { .held = 2 }, VERDICT_HELD, "2 sockets open" },
	{ "a port taken", { .ports_held = 1, .port = 1883 }, VERDICT_HELD,
	    "port 1883 is taken" },
	{ "a process", { .processes = 1, .fading = 3 }, VERDICT_HELD,
	    "1 process left" },
	{ "sock_diag refused", { .sockets_unseen = EPERM, .held = 1 },
	    VERDICT_UNKNOWN, "sock_diag refused: Operation not permitted" },
	{ "hidden processes", { .processes_unseen = true }, VERDICT_UNKNOWN,
	    "processes of others cannot be seen in /proc" },
	{ "an overflowed record", { .overflowed = true, .fading = 1 },
	    VERDICT_UNKNOWN, "more programs ran than the record can list" },
	{ "a damaged record", { .damaged = true, .held = 1 }, VERDICT_UNKNOWN,
	    "the record was damaged" },
	{ "a stranger's wildcard listener",
	    { .nleft = 1, .left = { { .kind = LEFT_FOREIGN } } }, VERDICT_CLEAN,
	    "no process and no socket left" },
	{ "no descriptors to look", { .processes_failed = EMFILE, .held = 1 },
	    VERDICT_UNKNOWN,
	    "processes could not be looked at: Too many open files" },
};

Test(proof, verdicts)
{
	char reason[96];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		proof_reason(&rows[i].e, reason, sizeof(reason));
		cr_expect_eq(
		    proof_of(&rows[i].e), rows[i].verdict, "%s", rows[i].name);
		cr_expect_str_eq(reason, rows[i].reason, "%s", rows[i].name);
	}
}

Test(proof, names)
{
	cr_expect_str_eq(proof_name(VERDICT_CLEAN), "CLEAN");
	cr_expect_str_eq(proof_name(VERDICT_COOLING), "COOLING");
	cr_expect_str_eq(proof_name(VERDICT_HELD), "HELD");
	cr_expect_str_eq(proof_name(VERDICT_UNKNOWN), "UNKNOWN");
}
