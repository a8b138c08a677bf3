/* SPDX-License-Identifier: ISC */
/*
 * No way out: however a library finds the calls and however a child is
 * started, it reaches the lease's own server.  The guests print a table, one
 * way a line; the lines in a lease are those of the native run.
 */
#include "alike.h"
#include "reserve.h"
#include "story.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

STORIES(escapes);

/* What natively fails, fails here: no table is of failures alone. */
static void
compare(const char *preload, const char *guest)
{
	const char *port = reserve_port();
	struct run *native, *leased;

	native = RUN("env", preload, guest, port);
	cr_assert_eq(native->status, 0, "%s", native->err);
	cr_assert_not_null(strstr(native->out, "reached"), "%s", native->out);
	leased = RUN(PORTLEASE, "run", "-p", port, "env", preload, guest, port);
	cr_assert_eq(leased->status, 0, "%s", leased->err);
	printf("%s", leased->out);
	fflush(stdout);
	alike_compare(native->out, leased->out, NULL, 0);
}

Test(escapes, loaders_times_calls)
{
	compare("NOTHING=", GUEST("loads"));
}

Test(escapes, starters_times_environments_times_shells)
{
	compare("NOTHING=", GUEST("starts"));
}

Test(escapes, other_libraries_may_hide_what_the_shim_asks)
{
	compare("LD_PRELOAD=" BUILD_DIR "/guests/lib/libhostile.so",
	    GUEST("loads"));
}

#define SEEN BUILD_DIR "/guests/lib/libseen.so"

/* What the other library hides, it sees: before the shim or behind it. */
static void
compare_seen(const char *guest, const char *script)
{
	const char *port = reserve_port();
	struct run *native, *leased;

	native = RUN("sh", "-c", script, guest, port);
	cr_assert_eq(native->status, 0, "%s", native->err);
	story_has(native->out, "accept\n accept seen", "accept with",
	    " accept seen\nfrom 127.0.0.1\naccept4\nexecv\n execv seen",
	    "started\nexecve\nstarted");
	leased =
	    RUN(PORTLEASE, "run", "-p", port, "sh", "-c", script, guest, port);
	cr_assert_eq(leased->status, 0, "%s", leased->err);
	cr_expect_str_eq(native->out, leased->out);
}

Test(escapes, a_library_that_is_preloaded_sees_what_it_hides)
{
	compare_seen(GUEST("wrapped"), "LD_PRELOAD=" SEEN " \"$0\" \"$1\"");
}

Test(escapes, a_library_that_is_preloaded_first_sees_what_it_hides)
{
	compare_seen(
	    GUEST("wrapped"), "LD_PRELOAD=" SEEN ":$LD_PRELOAD \"$0\" \"$1\"");
}

Test(escapes, a_library_that_is_preloaded_last_sees_what_it_hides)
{
	compare_seen(
	    GUEST("wrapped"), "LD_PRELOAD=$LD_PRELOAD:" SEEN " \"$0\" \"$1\"");
}

Test(escapes, a_library_that_is_linked_sees_what_it_hides)
{
	compare_seen(GUEST("wrapped-linked"), "\"$0\" \"$1\"");
}

/* What a call may use of the stack beyond what it uses natively. */
enum { FRAME = 2048 };

/* "NAME: N bytes" is at most FRAME more here; other lines are the same. */
static void
compare_stack(const char *native, const char *leased)
{
	long mine, theirs;
	size_t name = strcspn(native, ":");

	if (strstr(native, " bytes") == NULL) {
		cr_expect_str_eq(native, leased);
		return;
	}
	mine = strtol(leased + name + 2, NULL, 10);
	theirs = strtol(native + name + 2, NULL, 10);
	cr_expect(strncmp(native, leased, name) == 0 && mine > 0 &&
		      mine <= theirs + FRAME,
	    "%s natively, %s in a lease", native, leased);
}

Test(escapes, small_stacks_and_great_environments)
{
	const char *port = reserve_port();
	struct run *native = RUN(GUEST("stacks"), port), *leased;
	char *line, *theirs, *n, *l;
	size_t lines = 0;

	cr_assert_eq(native->status, 0, "%s%s", native->out, native->err);
	cr_assert_null(strstr(native->out, "signal 11"), "%s", native->out);
	leased = RUN(PORTLEASE, "run", "-p", port, GUEST("stacks"), port);
	cr_assert_eq(leased->status, 0, "%s%s", leased->out, leased->err);
	printf("%s", leased->out);
	fflush(stdout);
	n = native->out;
	l = leased->out;
	while ((line = strsep(&n, "\n")) != NULL && *line != '\0') {
		theirs = strsep(&l, "\n");
		cr_assert_not_null(theirs, "after %s", line);
		compare_stack(line, theirs);
		lines++;
	}
	cr_expect_gt(lines, 10);
}
