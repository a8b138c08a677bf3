/* SPDX-License-Identifier: ISC */
/* portlease wait: until a lease of somebody else listens, or never will. */
#include "ready.h"

#include "story.h"

#include <sys/wait.h>

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

STORIES(wait);

Test(wait, returns_when_the_lease_listens)
{
	struct run *server, *wait;
	const char *ip;

	server = START(PORTLEASE, "run", TELL_IP, "sh", "-c",
	    "read go; exec \"$0\" 9925", SLOWBOOT);
	ip = story_ip(server);
	wait = START(PORTLEASE, "wait", "-v", ip, "--listen", "9925");
	story_tell(server, "go\n");
	story_end(wait);
	cr_expect_eq(wait->status, 0, "%s", wait->err);
	story_line(wait->err, "portlease: %s: READY after * s", ip);
	story_signal(server, SIGTERM);
	story_end(server);
}

Test(wait, gives_up_on_a_hung_lease_and_leaves_it_alone)
{
	struct run *server =
	    START(PORTLEASE, "run", TELL_IP, SLOWBOOT, "-m", "x", "9925");
	const struct run *r;
	const char *ip;

	server = START(PORTLEASE, "run", TELL_IP, "sleep", "1000");
	ip = story_ip(server);
	r = RUN(PORTLEASE, "wait", SHORT, "--listen", "9925", ip);
	ready_expect_not(r, 124, HUNG "not listening: 9925");
	ready_expect_doing(r, "sleep 1000", "in clock_nanosleep");
	story_line(RUN(PORTLEASE, "ps")->out, "%s *live *", ip);
	story_signal(server, SIGTERM);
	story_end(server);
}

/* --ready-cmd, which only runs while `wait` does, makes it exit. */
Test(wait, ends_with_the_lease)
{
	const char *fifo = story_path("fifo"), *ip;
	struct run *server, *wait;
	char set[256];

	RUN("mkfifo", fifo);
	server = START(PORTLEASE, "run", TELL_IP, "sh", "-c",
	    "read go <\"$0\"; exit 0", fifo);
	ip = story_ip(server);
	(void)snprintf(set, sizeof(set), "FIFO=%s", fifo);
	wait = START("env", set, PORTLEASE, "wait", ip, "--ready-cmd",
	    "echo go >$FIFO; exit 1");
	story_end(wait);
	ready_expect_not(wait, 124,
	    "EXITED: the lease has ended after * s, before it was ready*");
	story_end(server);
}

Test(wait, knows_what_runs_in_an_acquired_lease)
{
	const struct run *r = RUN("sh", "-c",
	    "eval \"$(\"$0\" acquire --sh)\"; \"$1\" -c 200 9925 & "
	    "\"$0\" wait -v --listen 9925; first=$?; \"$0\" wait "
	    "--idle-limit 500ms --listen 9926; second=$?; "
	    "\"$0\" release; echo $first $second; wait",
	    PORTLEASE, SLOWBOOT);

	story_line(r->out, "0 124");
	story_line(r->err, "portlease: 127.*: READY after * s");
	ready_expect_doing(r, "*slowboot -c 200 9925", "in pause");
}

static void
expect_refused(const struct run *r, const char *why)
{
	cr_expect_eq(WEXITSTATUS(r->status), 125, "%s", r->err);
	story_line(r->err, "portlease: wait: %s*", why);
	cr_expect_eq(story_count(r->err, "\n"), 1, "%s", r->err);
}

Test(wait, refuses_what_makes_no_sense)
{
	expect_refused(
	    RUN(PORTLEASE, "wait", "--listen", "9925"), "nothing is leased");
	expect_refused(RUN(PORTLEASE, "wait", "127.64.3.1", "--listen", "1"),
	    "127.64.3.1 is not leased");
	expect_refused(RUN(PORTLEASE, "wait", "10.0.0.1", "--listen", "1"),
	    "'10.0.0.1' is neither an address");
	expect_refused(RUN(PORTLEASE, "wait"), "*--listen");
}
