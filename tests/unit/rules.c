/* SPDX-License-Identifier: ISC */
/* Facts of a socket and a holder, and the first reason that each must give. */
#include "why/rules.h"
#include "kernel/sockdecode.h"

#include <criterion/criterion.h>
#include <netinet/tcp.h>
#include <string.h>

#define HOLDER .pid = 41, .process_state = 'S', .origin = "pid 38 (node)"

static const struct row {
	enum why why;
	struct facts facts;
	const char *text; /* a part of it */
} rows[] = {
	{ WHY_MEANT, { .state = TCP_LISTEN, HOLDER }, "runs" },
	{ WHY_ELSEWHERE, { .state = TCP_LISTEN, HOLDER, .elsewhere = true },
	    "another network namespace" },
	{ WHY_TIME_WAIT,
	    { .state = TCP_TIME_WAIT, .left = 1500, .peer = "127.0.0.1:99" },
	    "with 127.0.0.1:99 for 1.5 s; whether" },
	{ WHY_TIME_WAIT_NOBODY,
	    { .state = TCP_TIME_WAIT, .blocks = BLOCKS_NOBODY },
	    "blocks no bind" },
	{ WHY_TIME_WAIT_SOME, { .state = TCP_TIME_WAIT, .blocks = BLOCKS_SOME },
	    "a bind without SO_REUSEADDR fails" },
	{ WHY_TIME_WAIT_ALL, { .state = TCP_TIME_WAIT, .blocks = BLOCKS_ALL },
	    "every bind fails" },
	{ WHY_CLOSING, { .state = TCP_FIN_WAIT2, .peer = "x of pid 9 (c)" },
	    "x of pid 9 (c) keeps its end open" },
	{ WHY_CLOSING, { .state = TCP_LAST_ACK }, "its peer keeps" },
	{ WHY_CLOSE_WAIT, { .state = TCP_CLOSE_WAIT, HOLDER },
	    "its peer has closed the connection, pid 41 has not" },
	{ WHY_UNSEEN, { .state = TCP_LISTEN, .hidden = true, .owner = 33 },
	    "made by user 33" },
	{ WHY_UNSEEN, { .state = TCP_LISTEN, .hidden = true, .rings = true },
	    "user 0" },
	{ WHY_RING, { .state = TCP_LISTEN, .rings = true }, "io_uring" },
	{ WHY_IN_FLIGHT, { .state = TCP_LISTEN }, "no process has it" },
	{ WHY_IN_FLIGHT, { .state = SOCKDIAG_BOUND }, "no process has it" },
	{ WHY_CORE_DUMP, { .pid = 41, .process_state = 'D', .dumping = true },
	    "pid 41 has crashed" },
	{ WHY_UNINTERRUPTIBLE, { .pid = 41, .process_state = 'D' }, "state D" },
	{ WHY_TRACED, { .pid = 41, .process_state = 't', .tracer = 7 },
	    "its tracer, pid 7" },
	{ WHY_STOPPED, { .pid = 41, .process_state = 'T' }, "SIGCONT" },
	{ WHY_HEADLESS, { .pid = 41, .process_state = 'Z', .headless = true },
	    "the main thread of pid 41" },
	{ WHY_RECEIVED, { HOLDER, .descent = DESCENT_RECEIVED },
	    "passed on to pid 41 (SCM_RIGHTS) after pid 38 (node)" },
	{ WHY_EXEC, { HOLDER, .descent = DESCENT_EXEC },
	    "through exec from pid 38 (node)" },
	{ WHY_FORK_LEFT,
	    { HOLDER, .descent = DESCENT_FORK, .origin_gone = true },
	    "by fork from pid 38 (node), which has exited" },
	{ WHY_FORK, { HOLDER, .descent = DESCENT_FORK }, "is a fork" },
	{ WHY_DAEMON, { HOLDER, .left_session = true }, "a daemon" },
	{ WHY_DEAF, { HOLDER, .ignores = true }, "ignores SIGTERM" },
	{ WHY_SHARED_STRANGER,
	    { .state = TCP_LISTEN, HOLDER, .sharers = 2, .strangers = 1 },
	    "1 socket OF STRANGERS listen here, too; this one gets 1/3" },
	{ WHY_SHARED, { .state = TCP_LISTEN, HOLDER, .sharers = 3 },
	    "3 sockets of the same lease or program" },
	{ WHY_WILDCARD, { .state = TCP_LISTEN, HOLDER, .wildcard = true },
	    "on every address" },
};

Test(rules, the_first_reason_of_each_row)
{
	enum why whys[WHYS];
	char text[RULES_TEXT];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];

		cr_expect_geq(rules_of(&row->facts, whys), 1);
		cr_expect_eq(whys[0], row->why, "row %zu: %s, not %s", i,
		    rules_name(whys[0]), rules_name(row->why));
		rules_why(row->why, &row->facts, text);
		cr_expect_not_null(strstr(text, row->text), "%s", text);
		cr_expect_null(strpbrk(text, "{}"), "%s", text);
		rules_todo(row->why, &row->facts, text);
		cr_expect(text[0] != '\0' && strpbrk(text, "{}") == NULL);
	}
}

Test(rules, there_is_a_row_for_each_reason)
{
	bool seen[WHYS] = { false };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		seen[rows[i].why] = true;
	for (size_t i = 0; i < WHYS; i++)
		cr_expect(seen[i], "%s", rules_name((enum why)i));
}

Test(rules, several_reasons_in_the_order_of_their_rank)
{
	const struct facts f = { HOLDER, .state = TCP_LISTEN, .ignores = true,
		.descent = DESCENT_EXEC, .left_session = true, .sharers = 1 };
	enum why whys[WHYS];

	cr_assert_eq(rules_of(&f, whys), 4);
	cr_expect_eq(whys[0], WHY_EXEC);
	cr_expect_eq(whys[1], WHY_DAEMON);
	cr_expect_eq(whys[2], WHY_DEAF);
	cr_expect_eq(whys[3], WHY_SHARED);
}

Test(rules, a_fact_that_looks_like_a_template_is_text)
{
	const struct facts f = { .pid = 41,
		.descent = DESCENT_EXEC,
		.origin = "pid 38 ({pid} %s)" };
	char text[RULES_TEXT];

	rules_why(WHY_EXEC, &f, text);
	cr_expect_not_null(strstr(text, "from pid 38 ({pid} %s)"), "%s", text);
}
