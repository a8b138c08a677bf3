/* SPDX-License-Identifier: ISC */
/*
 * Callers with habits of their own: SIGCHLD ignored, descriptors closed, a
 * full disk for what is printed, a shell that evaluates it.
 */
#include "story.h"

#include <sys/wait.h>

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

STORIES(caller);

/* A script whose $1 is portlease. */
#define SCRIPT(text) RUN("sh", "-c", text, "sh", PORTLEASE)

Test(caller, who_ignores_sigchld_is_told_the_status_all_the_same)
{
	struct run *r = RUN("env", "--ignore-signal=CHLD", PORTLEASE, "run",
	    "--", "sh", "-c", "sleep 0.1; exit 4");

	cr_expect_eq(WEXITSTATUS(r->status), 4, "%x %s", r->status, r->err);
	r = RUN("env", "--ignore-signal=CHLD", PORTLEASE, "run", "--on-leak",
	    "fail", "--", "sh", "-c", "sleep 600 & exit 0");
	cr_expect_eq(WEXITSTATUS(r->status), 123, "%x %s", r->status, r->err);
	story_has(r->err, "straggler", "sleep 600");
	story_left_nothing();
}

Test(caller, what_the_caller_ignores_the_command_ignores)
{
	struct run *r = RUN("env", "--ignore-signal=CHLD", PORTLEASE, "run",
	    "grep", "SigIgn", "/proc/self/status");
	const char *mask = strrchr(r->out, '\t');

	cr_assert_not_null(mask, "%s", r->err);
	cr_expect(strtoull(mask, NULL, 16) & 1ULL << (SIGCHLD - 1), "%s", mask);
}

Test(caller, closed_descriptors_stay_closed_and_disturb_nobody)
{
	static const char script[] =
	    "for closed in '<&-' '>&-' '2>&-' '<&- >&-' '>&- 2>&-' "
	    "'<&- >&- 2>&-'; do\n"
	    "	eval \"'$1' run -- sh -c 'exit 7' $closed\"\n"
	    "	[ $? = 7 ] || { echo \"$closed\"; exit 1; }\n"
	    "done; "
	    "exec \"$1\" run -- sh -c '[ ! -e /proc/self/fd/0 ]' 2>&1 <&-";
	struct run *r = SCRIPT(script);

	cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
	story_left_nothing();
}

Test(caller, a_shell_sees_that_acquire_has_failed)
{
	static const char *const shells[] = { "sh", "bash" };
	static const char script[] =
	    "set -e; eval \"$(\"$1\" acquire --ip 10.0.0.1)\"; echo went on";
	struct run *r;

	for (size_t i = 0; i < 2; i++) {
		r = RUN(shells[i], "-c", script, shells[i], PORTLEASE);
		cr_expect_eq(WEXITSTATUS(r->status), 125, "%s", r->err);
		cr_expect_str_eq(r->out, "");
		cr_expect_eq(story_count(r->err, "\n"), 1, "%s", r->err);
	}
}

Test(caller, what_cannot_be_printed_is_an_error)
{
	struct run *r;

	r = SCRIPT("\"$1\" --help >/dev/full");
	cr_expect_eq(WEXITSTATUS(r->status), 125);
	cr_expect_eq(story_count(r->err, "\n"), 1, "%s", r->err);
	r = SCRIPT("\"$1\" ps -j >&-");
	cr_expect_eq(WEXITSTATUS(r->status), 125);
	r = SCRIPT("\"$1\" acquire >/dev/full");
	cr_expect_eq(WEXITSTATUS(r->status), 125);
	story_left_nothing();
}
