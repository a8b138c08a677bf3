/* SPDX-License-Identifier: ISC */
/*
 * Servers that are ready when a command, --ready-cmd, or they themselves,
 * --ready-notify, say so.
 */
#include "ready.h"

#include "story.h"

#include <sys/wait.h>

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

STORIES(probe);

Test(probe, a_probe_is_repeated_until_it_succeeds)
{
	const char *mark = story_path("mark");
	char probe[256];

	(void)snprintf(probe, sizeof(probe),
	    "test -n \"$PORTLEASE_IP\" || exit 9; test -e %s && exit 0; "
	    "touch %s; exit 1",
	    mark, mark);
	ready_expect(START(PORTLEASE, "run", "--status-fd", "1",
	    "--ready-listen", "9925", "--ready-cmd", probe, SLOWBOOT, "9925"));
}

Test(probe, a_probe_sees_the_environment_and_the_directory_of_the_caller)
{
	const char *out = story_path("out");
	char probe[256];
	struct run *r;

	(void)snprintf(probe, sizeof(probe), "echo $PWD $COLOUR >%s", out);
	r = START("env", "-C", "/usr", "COLOUR=green", PORTLEASE, "run",
	    "--status-fd", "1", "--ready-cmd", probe, SLOWBOOT, "9925");
	ready_expect(r);
	story_has(RUN("cat", out)->out, "/usr green");
}

Test(probe, what_a_failing_probe_said_is_in_the_report)
{
	const struct run *r =
	    RUN(PORTLEASE, "run", "--idle-limit", "3s", "--ready-cmd",
		"echo so; echo not yet >&2; exit 5", SLOWBOOT, "9925");

	ready_expect_not(r, 124, HUNG "--ready-cmd exited 5");
	story_has(r->err, ": --ready-cmd said: so\n",
	    ": --ready-cmd said: not yet\n");
}

Test(probe, what_a_probe_said_is_told_while_the_next_one_runs)
{
	const char *mark = story_path("mark");
	char probe[256];
	const struct run *r;

	(void)snprintf(probe, sizeof(probe),
	    "test -e %s && exec sleep 1000; touch %s; echo no; exit 5", mark,
	    mark);
	r = RUN(PORTLEASE, "run", "--idle-limit", "3s", "--ready-cmd", probe,
	    SLOWBOOT, "9925");
	ready_expect_not(r, 124, HUNG "--ready-cmd exited 5");
	story_line(r->err, "portlease: 127.*: --ready-cmd said: no");
}

Test(probe, a_probe_that_never_ends_does_not_stop_the_idle_clock)
{
	const struct run *r = RUN(PORTLEASE, "run", SHORT, "--ready-cmd",
	    "exec >&- 2>&-; sleep 1000", SLOWBOOT, "9925");

	ready_expect_not(r, 124, HUNG "--ready-cmd was still running");
	story_left_nothing();
}

Test(probe, a_probe_that_does_not_exist_is_named_at_once)
{
	const struct run *r = RUN(
	    PORTLEASE, "run", "--ready-cmd", "no-such-probe", SLOWBOOT, "9925");

	ready_expect_not(
	    r, 127, "NOPROBE: --ready-cmd 'no-such-probe': not found (127)");
	story_left_nothing();
}

Test(probe, a_server_may_say_itself_that_it_is_ready)
{
	struct run *r = START(PORTLEASE, "run", "--status-fd", "1",
	    "--ready-notify", "--ready-listen", "9925", SLOWBOOT, "-m",
	    "STATUS=half way", "-m", "nonsense", "-m", "READY=1", "9925");
	const char *ready = story_says(r, "\"event\":\"ready\"");

	story_has(ready, "\"malformed\":1");
	story_has(ready, "\"status\":\"half way\"");
	story_signal(r, SIGTERM);
	story_end(r);
}

Test(probe, ports_without_the_awaited_word_are_not_enough)
{
	const struct run *r = RUN(PORTLEASE, "run", SHORT, "--ready-notify",
	    "--ready-listen", "9925", SLOWBOOT, "-m", "STATUS=so close", "-m",
	    "READY", "9925");

	ready_expect_not(r, 124,
	    HUNG "no READY=1 came; its status: so close; ignored 1 malformed "
		 "messages on NOTIFY_SOCKET");
}

Test(probe, who_asks_for_more_time_gets_it)
{
	const struct run *r = RUN(PORTLEASE, "run", "--idle-limit", "100ms",
	    "--status-fd", "1", "--ready-listen", "9925", SLOWBOOT, "-m",
	    "EXTEND_TIMEOUT_USEC=1500000");
	const char *end = strstr(r->out, "\"event\":\"not-ready\"");

	ready_expect_not(r, 124, HUNG "not listening: 9925");
	cr_assert_not_null(end);
	cr_expect_geq(atof(strstr(end, "elapsed\":") + 9), 1.5);
}
