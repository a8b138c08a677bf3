/* SPDX-License-Identifier: ISC */
/*
 * A program without a mistake has none in a lease, says valgrind(1).
 */
#include "reserve.h"
#include "story.h"

#include <criterion/criterion.h>

STORIES(checkers);

static void
expect_clean(const char *tool)
{
	const char *port = reserve_port();
	struct run *r;

	r = RUN("valgrind", "-q", tool, GUEST("clean"), port);
	cr_assert_eq(r->status, 0, "%s", r->err);
	cr_assert_str_eq(r->err, "");
	r = RUN(PORTLEASE, "run", "-p", port, "valgrind", "-q", tool,
	    GUEST("clean"), port);
	cr_expect_eq(r->status, 0, "%s", r->err);
	cr_expect_str_eq(r->err, "");
}

Test(checkers, memcheck_is_content)
{
	expect_clean("--tool=memcheck");
}

Test(checkers, helgrind_is_content)
{
	expect_clean("--tool=helgrind");
}

Test(checkers, drd_is_content)
{
	expect_clean("--tool=drd");
}
