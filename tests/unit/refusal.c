/* SPDX-License-Identifier: ISC */
/* Why an address cannot be had: facts in, one line out. */
#include "claim/refusal.h"
#include "kernel/addrlock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { IP = 0x7f000005 };

static const struct leftover seen = { .socket = { .protocol = IPPROTO_UDP,
					  .local.port = 9926 },
	.holder = { 42, "server" } };
static const struct leftover unseen = {
	.socket = { .protocol = IPPROTO_TCP, .local.port = 80 }, .blocks = true
};

static const struct evidence nothing;
static const struct evidence held = { .ports_held = 1,
	.port = 1,
	.nleft = 1,
	.left = { { .socket = { .local.port = 9926 },
	    .holder = { 42, "server" } } } };
static const struct evidence taken = {
	.ports_held = 1, .ports_waiting = 1, .port = 9926
};
static const struct evidence waiting = { .ports_waiting = 1, .port = 9926 };

/* The first fact that explains it is told. */
static const struct {
	struct refusal_tenant tenant;
	const char *text;
} rows[] = {
	{ { IP, &held, true, "said", "cmd", 0 },
	    "127.0.0.5: port 9926 is still held by pid 42 (server)" },
	{ { IP, &taken, true, "said", "cmd", 0 },
	    "127.0.0.5: port 9926 is still taken by a socket that cannot be "
	    "seen" },
	{ { IP, &waiting, true, "said", "cmd", 57 },
	    "127.0.0.5: port 9926 is in TIME_WAIT for 57 more seconds: give "
	    "--wait 58s, or let its server set SO_REUSEADDR" },
	{ { IP, &nothing, true, "said", "cmd", 0 },
	    "127.0.0.5: still held by what a lost lease left, which is being "
	    "ended" },
	{ { IP, &nothing, false, "said", "cmd", 0 }, "said" },
	{ { IP, &nothing, false, "", "cmd", 0 },
	    "127.0.0.5: still held by another lease: cmd" },
	{ { IP, &nothing, false, "", "", 0 },
	    "127.0.0.5: still held by another lease" },
};

Test(refusal, the_tenant_of_a_busy_address_is_named)
{
	char text[REFUSAL_TEXT];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		refusal_busy(&rows[i].tenant, text);
		cr_expect_str_eq(text, rows[i].text, "row %zu: %s", i, text);
	}
}

Test(refusal, strangers_are_named)
{
	char text[REFUSAL_TEXT];

	refusal_foreign(&seen, text);
	cr_expect_str_eq(text,
	    "UDP port 9926 is taken on every address by pid 42 (server): end "
	    "it, or leave the port out of --ports");
	refusal_foreign(&unseen, text);
	cr_expect_str_eq(text,
	    "port 80 is taken on every address by a process that cannot be "
	    "seen: end it, or leave the port out of --ports");
	refusal_lock(&seen, text);
	cr_expect_str_eq(text,
	    "port 28255, which portlease needs, is taken by pid 42 (server)");
	refusal_lock(&unseen, text);
	cr_expect_str_eq(text,
	    "port 28255, which portlease needs, is taken on every address by a "
	    "process that cannot be seen");
}

Test(refusal, a_pool_says_what_it_tried)
{
	char text[REFUSAL_TEXT];

	refusal_exhausted(256, 0, text);
	cr_expect_str_eq(text, "no free address after 256 attempts");
	refusal_exhausted(256, 9926, text);
	cr_expect_str_eq(text,
	    "no free address after 256 attempts: port 9926 is taken by a "
	    "socket that cannot be seen");
	refusal_unproven(false, EPERM, text);
	cr_expect_str_eq(text,
	    "no address can be proven free: sock_diag: Operation not "
	    "permitted");
	refusal_unproven(true, EPERM, text);
	cr_expect_str_eq(text,
	    "the address cannot be proven free: sock_diag: Operation not "
	    "permitted");
}
