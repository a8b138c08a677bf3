/* SPDX-License-Identifier: ISC */
/* Sets of ports, and which listeners fill them. */
#include "base/portset.h"
#include "lease/terms.h"
#include "ready/blocked.h"
#include "ready/listeners.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>
#include <sys/syscall.h>

static const struct row {
	const char *awaited;
	uint16_t up[6];
	const char *in, *out;
	unsigned int n; /* that are out */
} rows[] = {
	{ "9925", { 0 }, "", "9925", 1 },
	{ "9925,9926", { 9926 }, "9926", "9925", 1 },
	{ "9925-9927,1883", { 9926 }, "9926", "1883,9925,9927", 3 },
	{ "9925-9929", { 9927 }, "9927", "9925-9926,9928-9929", 4 },
	{ "9925-9927", { 9925, 9926, 9927, 80 }, "9925-9927", "", 0 },
	{ "1,65535", { 65535, 1 }, "1,65535", "", 0 },
	{ "65534-65535", { 65534 }, "65534", "65535", 1 },
	{ "1-65535", { 1 }, "1", "2-65535", 65534 },
};

Test(portset, what_is_up_and_what_is_missing)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		static struct portset set;
		struct terms t;
		char text[128];

		memset(&set, 0, sizeof(set));
		cr_assert(terms_parse_ports(&t, rows[i].awaited));
		for (size_t j = 0; j < 6; j++)
			if (rows[i].up[j] != 0)
				portset_add(&set, rows[i].up[j]);
		cr_expect_eq(portset_of(&set, &t, false, text, sizeof(text)),
		    rows[i].n, "%s", rows[i].awaited);
		cr_expect_str_eq(text, rows[i].out);
		(void)portset_of(&set, &t, true, text, sizeof(text));
		cr_expect_str_eq(text, rows[i].in);
	}
}

Test(portset, a_text_that_does_not_fit_is_cut)
{
	static struct portset set;
	struct terms t;
	char text[8];

	cr_assert(terms_parse_ports(&t, "1001,1003,1005,1007"));
	cr_expect_eq(portset_of(&set, &t, false, text, sizeof(text)), 4);
	cr_expect_lt(strlen(text), sizeof(text));
}

Test(portset, awaited_ports_are_declared)
{
	struct terms t, more;

	cr_assert(terms_parse_ports(&t, "1883,9925-9927"));
	cr_assert(terms_parse_ports(&more, "80,9926-9930"));
	cr_expect(terms_add_ports(&t, &more));
	cr_expect(terms_declares(&t, 80));
	cr_expect(terms_declares(&t, 9930));
	cr_expect_eq(t.nports, 3);
	for (uint16_t p = 1; t.nports < TERMS_PORTS; p += 2)
		t.ports[t.nports++] = (struct port_range){ p, p };
	cr_expect_not(terms_add_ports(&t, &more));
}

/* Whose listener is it, in a slice and on an adopted address? */
Test(listeners, only_the_leases_own_listeners_count)
{
	static struct record record;
	static const struct {
		const char *address;
		uint64_t cookie; /* 42 is in the record */
		bool slice, adopted;
	} cases[] = {
		{ "::ffff:127.80.3.1", 1, true, false },
		{ "::ffff:127.80.3.254", 1, true, false },
		{ "::ffff:127.80.3.7", 1, true, false },
		{ "::ffff:127.80.4.1", 1, false, false },
		{ "::ffff:127.0.0.1", 1, false, false },
		{ "::ffff:0.0.0.0", 1, false, false },
		{ "::", 1, false, false },
		{ "::", 42, true, true },
		{ "::ffff:127.80.3.1", 42, true, true },
	};
	struct sockcall known = { .cookie = 42 };
	struct terms t = { .leased = 0x7f500301 };

	record_event(&record, &known);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sockdiag_socket s = { .local.port = 9925,
			.cookie = cases[i].cookie };

		cr_assert_eq(
		    inet_pton(AF_INET6, cases[i].address, &s.local.addr), 1);
		t.flags = 0;
		cr_expect_eq(listeners_counts(&t, &record, &s), cases[i].slice,
		    "slice, %s", cases[i].address);
		t.flags = TERMS_ADOPTED;
		cr_expect_eq(listeners_counts(&t, &record, &s),
		    cases[i].adopted, "adopted, %s", cases[i].address);
	}
}

Test(blocked, a_wait_in_words)
{
	static const struct {
		struct blocked_thread thread;
		const char *text;
	} cases[] = {
		{ { .state = 'S', .call = "futex", .wchan = "futex_wait" },
		    "in futex (futex_wait)" },
		{ { .state = 'S',
		      .call = "connect",
		      .awaits = "127.0.0.1:5432" },
		    "in connect, connecting to 127.0.0.1:5432" },
		{ { .state = 'T', .call = "read", .wchan = "do_signal_stop" },
		    "stopped by a signal (do_signal_stop)" },
		{ { .state = 'S' }, "asleep" },
		{ { .state = 'R' }, "running" },
		{ { .state = 'D', .wchan = "x" }, "waiting for a device (x)" },
	};
	char text[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		blocked_text(&cases[i].thread, text, sizeof(text));
		cr_expect_str_eq(text, cases[i].text);
	}
	blocked_call(SYS_connect, text, sizeof(text));
	cr_expect_str_eq(text, "connect");
	blocked_call(9999, text, sizeof(text));
	cr_expect_str_eq(text, "system call 9999");
}
