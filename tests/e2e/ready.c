/* SPDX-License-Identifier: ISC */
/*
 * When is a server ready, and what is said when it never will be: a guest
 * for each way to start, slowly or not at all.
 */
#include "ready.h"

#include "reserve.h"
#include "story.h"

#include <sys/wait.h>

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

STORIES(ready);

#define SPINNING                                                               \
	"SPINNING: at the cap of * s, and for * s nothing but a processor "    \
	"moved; "

void
ready_expect_not(const struct run *r, int status, const char *why)
{
	cr_expect(WIFEXITED(r->status) && WEXITSTATUS(r->status) == status,
	    "%x, %s", r->status, r->err);
	story_line(r->err, "portlease: 127.*: %s", why);
}

/* Where in the kernel it sleeps, in brackets, is not to be seen everywhere. */
void
ready_expect_doing(const struct run *r, const char *command, const char *what)
{
	story_line(r->err, "portlease: 127.*: pid * (%s): %s*", command, what);
}

void
ready_expect(struct run *r)
{
	story_says(r, "\"event\":\"ready\"");
	story_signal(r, SIGTERM);
	story_end(r);
	cr_expect(WIFSIGNALED(r->status) && WTERMSIG(r->status) == SIGTERM,
	    "%x, %s", r->status, r->err);
	cr_expect_null(strstr(r->out, "not-ready"), "%s", r->out);
	story_nothing_leased();
}

Test(ready, a_server_that_listens_is_ready)
{
	ready_expect(START(PORTLEASE, "run", "--status-fd", "1",
	    "--ready-listen", "9925,9926", SLOWBOOT, "9925", "9926"));
}

Test(ready, a_listener_on_the_other_loopback_counts)
{
	ready_expect(START(PORTLEASE, "run", "--status-fd", "1",
	    "--ready-listen", "9925,7070", SLOWBOOT, ":9925", ":7070"));
}

Test(ready, who_sleeps_before_listening_is_hung_and_the_sleep_is_named)
{
	const struct run *r = RUN(
	    PORTLEASE, "run", SHORT, "--ready-listen", "9925", "sleep", "1000");

	ready_expect_not(r, 124, HUNG "not listening: 9925");
	ready_expect_doing(r, "sleep 1000", "in clock_nanosleep");
	story_left_nothing();
}

Test(ready, who_waits_for_an_answer_is_hung_and_the_address_is_named)
{
	const struct run *r = RUN(PORTLEASE, "run", SHORT, "--ready-listen",
	    "9925", SLOWBOOT, "-f", "5432", "-k", "5432", "9925");

	ready_expect_not(r, 124, HUNG "not listening: 9925");
	ready_expect_doing(r, "*slowboot -f 5432 -k 5432 9925",
	    "in connect, connecting to 127.0.0.1:5432");
	story_left_nothing();
}

Test(ready, who_spins_is_called_so_at_the_cap)
{
	const struct run *r =
	    RUN(PORTLEASE, "run", "--idle-limit", "500ms", "--cap", "1500ms",
		"--ready-listen", "9925", "sh", "-c", "while :; do :; done");

	ready_expect_not(r, 124, SPINNING "not listening: 9925");
	ready_expect_doing(r, "sh -c while :; do :; done", "running");
	story_left_nothing();
}

Test(ready, a_short_cap_is_enough_to_tell)
{
	const struct run *r = RUN(PORTLEASE, "run", "--cap", "1s",
	    "--ready-listen", "9925", "sh", "-c", "while :; do :; done");

	ready_expect_not(r, 124, SPINNING "not listening: 9925");
	story_left_nothing();
}

Test(ready, who_moves_but_never_listens_is_capped)
{
	const struct run *r =
	    RUN(PORTLEASE, "run", "--idle-limit", "1s", "--cap", "1500ms",
		"--ready-listen", "9925", SLOWBOOT, "-r", "/bin/sh", "9925");

	ready_expect_not(r, 124,
	    "CAPPED: at the cap of * s; it was last reading and writing; not "
	    "listening: 9925");
}

Test(ready, who_exits_is_not_waited_for)
{
	const struct run *r = RUN(PORTLEASE, "run", "--ready-listen", "9925",
	    "--idle-limit", "10m", "sh", "-c", "exit 3");

	ready_expect_not(r, 124,
	    "EXITED: status 3 after * s, before it was ready; not listening: "
	    "9925");
	story_left_nothing();
}

Test(ready, who_is_killed_has_exited_too)
{
	const struct run *r = RUN(PORTLEASE, "run", "--ready-listen", "9925",
	    "sh", "-c", "kill -SEGV $$");

	ready_expect_not(r, 124,
	    "EXITED: killed by SIGSEGV after * s, before it was ready; not "
	    "listening: 9925");
}

Test(ready, a_command_that_is_not_there_is_still_127)
{
	const struct run *r =
	    RUN(PORTLEASE, "run", "--ready-listen", "9925", "/no/such/server");

	story_line(
	    r->err, "portlease: /no/such/server: No such file or directory");
	ready_expect_not(
	    r, 127, "EXITED: status 127 after * s, before it was ready; *");
}

Test(ready, who_is_stopped_is_hung)
{
	const struct run *r = RUN(PORTLEASE, "run", SHORT, "--ready-listen",
	    "9925", "sh", "-c", "kill -STOP $$");

	ready_expect_not(r, 124, HUNG "not listening: 9925");
	ready_expect_doing(r, "sh -c kill -STOP $$", "stopped by a signal");
	story_left_nothing();
}

/* What this story starts has one processor; the others are for the others. */
static void
crowd_together(void)
{
	cpu_set_t all, one;
	size_t i = 0;

	cr_assert_eq(sched_getaffinity(0, sizeof(all), &all), 0);
	while (!CPU_ISSET(i, &all))
		i++;
	CPU_ZERO(&one);
	CPU_SET(i, &one);
	cr_assert_eq(sched_setaffinity(0, sizeof(one), &one), 0);
}

/* Eight loops that take all there is, and a server behind them in the queue. */
Test(ready, a_slow_boot_on_a_crowded_machine_is_ready)
{
	struct run *loops[8];
	size_t i;

	crowd_together();
	for (i = 0; i < 8; i++)
		loops[i] = START("sh", "-c", "while :; do :; done");
	ready_expect(START(PORTLEASE, "run", "--status-fd", "1", "--idle-limit",
	    "500ms", "--ready-listen", "9925", "nice", SLOWBOOT, "-c", "30",
	    "9925"));
	for (i = 0; i < 8; i++) {
		story_signal(loops[i], SIGKILL);
		story_end(loops[i]);
	}
}

Test(ready, a_slow_reader_of_a_large_file_is_ready)
{
	const char *path = story_path("large");
	static char bytes[51200]; /* 100 pieces, 20 ms each */
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	cr_assert_eq(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	close(fd);
	ready_expect(START(PORTLEASE, "run", "--status-fd", "1", "--idle-limit",
	    "500ms", "--ready-listen", "9925", SLOWBOOT, "-r", path, "9925"));
}

Test(ready, one_port_of_two_is_not_enough_and_the_missing_one_is_named)
{
	const struct run *r = RUN(PORTLEASE, "run", SHORT, "--ready-listen",
	    "9925,9926", SLOWBOOT, "9925");

	ready_expect_not(r, 124, HUNG "not listening: 9926");
	ready_expect_doing(r, "*slowboot 9925", "in pause");
	story_left_nothing();
}

Test(ready, a_stranger_on_the_port_does_not_count)
{
	const char *port = reserve_port(), *address = reserve_address();
	char where[32];
	const struct run *r;
	struct run *stranger, *server;

	/* On the host's loopback, while a slice awaits the same port. */
	stranger = START(SLOWBOOT, port);
	story_says(stranger, "ready");
	r = RUN(
	    PORTLEASE, "run", SHORT, "--ready-listen", port, "sleep", "1000");
	ready_expect_not(r, 124, HUNG "not listening: *");

	/* On the adopted address itself, once it is leased. */
	(void)snprintf(where, sizeof(where), "%s:%s", address, port);
	server = START(PORTLEASE, "run", "--ip", address, "--idle-limit", "2s",
	    "--ready-listen", port, TELL_IP, "sleep", "1000");
	(void)story_ip(server);
	stranger = START(GUEST("fixedport"), where);
	story_says(stranger, "ready");
	story_end(server);
	ready_expect_not(server, 124, HUNG "not listening: *");
}

Test(ready, an_awaited_port_is_declared)
{
	struct run *r = START(PORTLEASE, "run", "-p", "1000", "--status-fd",
	    "1", "--ready-listen", "7070", SLOWBOOT, "7070");
	const char *leased = story_says(r, "\"event\":\"leased\"");

	story_has(leased, "\"ports\":[[1000,1000],[7070,7070]]");
	ready_expect(r);
}

Test(ready, an_idle_limit_of_0_leaves_it_to_the_cap)
{
	ready_expect_not(RUN(PORTLEASE, "run", "--idle-limit", "0", "--cap",
			     "1s", "--ready-listen", "9925", "sleep", "1000"),
	    124,
	    "CAPPED: at the cap of 1.0 s; it was last asleep; not listening: "
	    "9925");
}

Test(ready, a_daemon_is_awaited_with_until_tree)
{
	struct run *r = START(PORTLEASE, "run", "--until", "tree",
	    "--status-fd", "1", "--ready-listen", "9925", "sh", "-c",
	    "setsid \"$0\" -c 100 9925 & exit 0", SLOWBOOT);

	story_says(r, "\"event\":\"ready\"");
	story_signal(r, SIGTERM);
	story_end(r);
	cr_expect_eq(r->status, 0, "%x %s", r->status, r->err);
	story_left_nothing();
}

Test(ready, a_signal_while_it_boots_is_no_verdict)
{
	struct run *r = START(PORTLEASE, "run", "--status-fd", "1",
	    "--ready-listen", "9925", "sh", "-c", "echo up; exec sleep 1000");

	story_says(r, "up");
	story_signal(r, SIGTERM);
	story_end(r);
	cr_expect(WIFSIGNALED(r->status) && WTERMSIG(r->status) == SIGTERM);
	cr_expect_null(strstr(r->out, "not-ready"), "%s", r->out);
	cr_expect_str_eq(r->err, "");
}
