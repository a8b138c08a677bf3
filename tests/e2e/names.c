/* SPDX-License-Identifier: ISC */
/*
 * A program in a lease is told the names that it would be told natively: the
 * guest asks for all of them, and what it prints is compared line by line.
 */
#include "story.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(names, .init = story_begin, .fini = story_finish, .timeout = 60);

/*
 * The differences that are known: a wildcard listener has one address in a
 * lease, and a client that was refused is unbound again, while the kernel
 * natively still shows the port of the attempt (tcp_disconnect).
 */
static const struct known {
	const char *section;
	const char *natively;
	const char *leased;
} known[] = {
	{ "tcp 0.0.0.0 ", "  accepted getsockname: 127.0.0.7 ",
	    "  accepted getsockname: 127.0.0.1 " },
	{ "tcp :: ", "  accepted getsockname: ::ffff:127.0.0.7 ",
	    "  accepted getsockname: ::ffff:127.0.0.1 " },
	{ "conflicts", "  refused getsockname: 0.0.0.0 port e ",
	    "  refused getsockname: 0.0.0.0 port 0 " },
};

static bool
starts(const char *line, const char *start)
{
	return strncmp(line, start, strlen(start)) == 0;
}

static bool
is_known(const char *section, const char *native, const char *leased)
{
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (starts(section, known[i].section) &&
		    starts(native, known[i].natively) &&
		    starts(leased, known[i].leased))
			return true;
	return false;
}

/* The first other difference fails, with the section that it is in. */
static void
compare(char *native, char *leased)
{
	const char *section = "";
	char *mine, *theirs;

	while ((mine = strsep(&native, "\n")) != NULL) {
		theirs = strsep(&leased, "\n");
		cr_assert_not_null(theirs);
		if (mine[0] != ' ')
			section = mine;
		if (is_known(section, mine, theirs))
			continue;
		cr_assert_str_eq(mine, theirs,
		    "%s\n  natively: %s\n  leased:   %s", section, mine,
		    theirs);
	}
	cr_expect_null(leased, "%s", leased);
}

static struct run *
natively(void)
{
	struct run *r = RUN(GUEST("asknames"), story_port());

	cr_assert_eq(r->status, 0, "%s", r->err);
	return r;
}

Test(names, of_a_declared_port_are_those_of_the_native_run)
{
	struct run *native = natively();
	struct run *leased = RUN(PORTLEASE, "run", GUEST("asknames"), "9926");

	cr_assert_eq(leased->status, 0, "%s", leased->err);
	compare(native->out, leased->out);
}

Test(names, of_any_other_port_are_those_of_the_native_run)
{
	struct run *native = natively();
	struct run *leased =
	    RUN(PORTLEASE, "run", GUEST("asknames"), story_port());

	cr_assert_eq(leased->status, 0, "%s", leased->err);
	compare(native->out, leased->out);
}

/* Without a record the way back is arithmetic, and the calls are the same. */
Test(names, outside_a_lease_the_shim_changes_nothing)
{
	struct run *native = natively(), *shimmed;
	const char *port = story_port();

	shimmed = RUN("env", "LD_PRELOAD=" SHIM, GUEST("asknames"), port);
	cr_assert_eq(shimmed->status, 0, "%s", shimmed->err);
	cr_expect_str_eq(shimmed->err, "");
	compare(native->out, shimmed->out);
}
