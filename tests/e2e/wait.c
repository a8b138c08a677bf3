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
	story_has(wait->err, "READY");
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
	ready_expect_not(r, 124, "HUNG");
	story_has(r->err, "in clock_nanosleep");
	story_has(RUN(PORTLEASE, "ps")->out, ip);
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
	ready_expect_not(wait, 124, "EXITED: the lease has ended");
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

	story_has(r->out, "0 124");
	story_has(r->err, "READY");
	story_has(r->err, "in pause");
}

Test(wait, refuses_what_makes_no_sense)
{
	ready_expect_not(RUN(PORTLEASE, "wait", "--listen", "9925"), 125,
	    "nothing is leased");
	ready_expect_not(RUN(PORTLEASE, "wait", "127.64.3.1", "--listen", "1"),
	    125, "127.64.3.1 is not leased");
	ready_expect_not(RUN(PORTLEASE, "wait", "10.0.0.1", "--listen", "1"),
	    125, "'10.0.0.1' is not an address");
	ready_expect_not(RUN(PORTLEASE, "wait"), 125, "--listen");
}
