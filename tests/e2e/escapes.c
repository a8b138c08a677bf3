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
	leased =
	    RUN(PORTLEASE, "run", "-p", port, "env", preload, guest, port);
	cr_assert_eq(leased->status, 0, "%s", leased->err);
	printf("%s", leased->out);
	fflush(stdout);
	alike_compare(native->out, leased->out, NULL, 0);
}

Test(escapes, loaders_times_calls)
{
	compare("NOTHING=", GUEST("loads"));
}

Test(escapes, other_libraries_may_hide_what_the_shim_asks)
{
	compare("LD_PRELOAD=" BUILD_DIR "/guests/lib/libhostile.so",
	    GUEST("loads"));
}
