/* SPDX-License-Identifier: ISC */
/*
 * When is a server ready, and what is said when it never will be: a guest
 * for each way to start, slowly or not at all.
 */
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

#define SLOWBOOT GUEST("slowboot")
#define SHORT    "--idle-limit", "600ms"

static void
expect_unready(const struct run *r, int status, const char *verdict)
{
	cr_expect(WIFEXITED(r->status) && WEXITSTATUS(r->status) == status,
	    "%x, %s", r->status, r->err);
	cr_expect_not_null(
	    strstr(r->err, verdict), "%s not in: %s", verdict, r->err);
}

static void
expect_said(const char *text, const char *words)
{
	cr_expect_not_null(strstr(text, words), "%s not in: %s", words, text);
}

static void
expect_nothing_leased(void)
{
	struct run *ps = RUN(PORTLEASE, "ps");

	cr_expect_null(strstr(ps->out, "127."), "%s", ps->out);
}

/* Its status lines say so; it runs on until it is told to end. */
static void
expect_ready(struct run *r)
{
	story_says(r, "\"event\":\"ready\"");
	story_signal(r, SIGTERM);
	story_end(r);
	cr_expect(WIFSIGNALED(r->status) && WTERMSIG(r->status) == SIGTERM,
	    "%x, %s", r->status, r->err);
	cr_expect_null(strstr(r->out, "not-ready"), "%s", r->out);
	expect_nothing_leased();
}

Test(ready, a_server_that_listens_is_ready)
{
	expect_ready(START(PORTLEASE, "run", "--status-fd", "1",
	    "--ready-listen", "9925,9926", SLOWBOOT, "9925", "9926"));
}

Test(ready, a_listener_on_the_other_loopback_counts)
{
	expect_ready(START(PORTLEASE, "run", "--status-fd", "1",
	    "--ready-listen", "9925,7070", SLOWBOOT, ":9925", ":7070"));
}

Test(ready, who_sleeps_before_listening_is_hung_and_the_sleep_is_named)
{
	const struct run *r = RUN(
	    PORTLEASE, "run", SHORT, "--ready-listen", "9925", "sleep", "1000");

	expect_unready(r, 124, "HUNG");
	expect_said(r->err, "(sleep 1000): in clock_nanosleep");
	expect_said(r->err, "not listening: 9925");
	expect_nothing_leased();
}

Test(ready, who_waits_for_an_answer_is_hung_and_the_address_is_named)
{
	const struct run *r = RUN(PORTLEASE, "run", SHORT, "--ready-listen",
	    "9925", SLOWBOOT, "-f", "5432", "-k", "5432", "9925");

	expect_unready(r, 124, "HUNG");
	expect_said(r->err, "in connect, connecting to 127.0.0.1:5432");
	expect_nothing_leased();
}

Test(ready, who_spins_is_called_so_at_the_cap)
{
	const struct run *r =
	    RUN(PORTLEASE, "run", "--idle-limit", "500ms", "--cap", "1500ms",
		"--ready-listen", "9925", "sh", "-c", "while :; do :; done");

	expect_unready(r, 124, "SPINNING");
	expect_said(r->err, "running");
	expect_nothing_leased();
}

Test(ready, a_short_cap_is_enough_to_tell)
{
	const struct run *r = RUN(PORTLEASE, "run", "--cap", "1s",
	    "--ready-listen", "9925", "sh", "-c", "while :; do :; done");

	expect_unready(r, 124, "SPINNING");
	expect_nothing_leased();
}

Test(ready, who_moves_but_never_listens_is_capped)
{
	const struct run *r =
	    RUN(PORTLEASE, "run", "--idle-limit", "1s", "--cap", "1500ms",
		"--ready-listen", "9925", SLOWBOOT, "-r", "/bin/sh", "9925");

	expect_unready(r, 124, "CAPPED");
	expect_said(r->err, "reading and writing");
}

Test(ready, who_exits_is_not_waited_for)
{
	const struct run *r = RUN(PORTLEASE, "run", "--ready-listen", "9925",
	    "--idle-limit", "10m", "sh", "-c", "exit 3");

	expect_unready(r, 124, "EXITED: status 3");
	expect_nothing_leased();
}

Test(ready, who_is_killed_has_exited_too)
{
	const struct run *r = RUN(PORTLEASE, "run", "--ready-listen", "9925",
	    "sh", "-c", "kill -SEGV $$");

	expect_unready(r, 124, "EXITED: killed by SIGSEGV");
}

Test(ready, a_command_that_is_not_there_is_still_127)
{
	expect_unready(
	    RUN(PORTLEASE, "run", "--ready-listen", "9925", "/no/such/server"),
	    127, "/no/such/server");
}

Test(ready, who_is_stopped_is_hung)
{
	const struct run *r = RUN(PORTLEASE, "run", SHORT, "--ready-listen",
	    "9925", "sh", "-c", "kill -STOP $$");

	expect_unready(r, 124, "HUNG");
	expect_said(r->err, "stopped by a signal");
	expect_nothing_leased();
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
	expect_ready(START(PORTLEASE, "run", "--status-fd", "1", "--idle-limit",
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
	expect_ready(START(PORTLEASE, "run", "--status-fd", "1", "--idle-limit",
	    "500ms", "--ready-listen", "9925", SLOWBOOT, "-r", path, "9925"));
}

Test(ready, one_port_of_two_is_not_enough_and_the_missing_one_is_named)
{
	const struct run *r = RUN(PORTLEASE, "run", SHORT, "--ready-listen",
	    "9925,9926", SLOWBOOT, "9925");

	expect_unready(r, 124, "HUNG");
	expect_said(r->err, "not listening: 9926");
	expect_nothing_leased();
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
	expect_unready(r, 124, "HUNG");
	expect_said(r->err, "not listening");

	/* On the adopted address itself, once it is leased. */
	(void)snprintf(where, sizeof(where), "%s:%s", address, port);
	server = START(PORTLEASE, "run", "--ip", address, "--idle-limit", "2s",
	    "--ready-listen", port, TELL_IP, "sleep", "1000");
	(void)story_ip(server);
	stranger = START(GUEST("fixedport"), where);
	story_says(stranger, "ready");
	story_end(server);
	expect_unready(server, 124, "HUNG");
	expect_said(server->err, "not listening");
}

Test(ready, an_awaited_port_is_declared)
{
	struct run *r = START(PORTLEASE, "run", "-p", "1000", "--status-fd",
	    "1", "--ready-listen", "7070", SLOWBOOT, "7070");
	const char *leased = story_says(r, "\"event\":\"leased\"");

	expect_said(leased, "\"ports\":[[1000,1000],[7070,7070]]");
	expect_ready(r);
}

Test(ready, a_probe_is_repeated_until_it_succeeds)
{
	const char *mark = story_path("mark");
	char probe[256];

	(void)snprintf(probe, sizeof(probe),
	    "test -n \"$PORTLEASE_IP\" || exit 9; test -e %s && exit 0; "
	    "touch %s; exit 1",
	    mark, mark);
	expect_ready(START(PORTLEASE, "run", "--status-fd", "1",
	    "--ready-listen", "9925", "--ready-cmd", probe, SLOWBOOT, "9925"));
}

Test(ready, a_probe_sees_the_environment_and_the_directory_of_the_caller)
{
	const char *out = story_path("out");
	char probe[256];
	struct run *r;

	(void)snprintf(probe, sizeof(probe), "echo $PWD $COLOUR >%s", out);
	r = START("env", "-C", "/usr", "COLOUR=green", PORTLEASE, "run",
	    "--status-fd", "1", "--ready-cmd", probe, SLOWBOOT, "9925");
	expect_ready(r);
	expect_said(RUN("cat", out)->out, "/usr green");
}

Test(ready, what_a_failing_probe_said_is_in_the_report)
{
	const struct run *r =
	    RUN(PORTLEASE, "run", "--idle-limit", "3s", "--ready-cmd",
		"echo so; echo not yet >&2; exit 5", SLOWBOOT, "9925");

	expect_unready(r, 124, "HUNG");
	expect_said(r->err, "--ready-cmd exited 5");
	expect_said(r->err, "--ready-cmd said: so");
	expect_said(r->err, "--ready-cmd said: not yet");
}

Test(ready, what_a_probe_said_is_told_while_the_next_one_runs)
{
	const char *mark = story_path("mark");
	char probe[256];
	const struct run *r;

	(void)snprintf(probe, sizeof(probe),
	    "test -e %s && exec sleep 1000; touch %s; echo no; exit 5", mark,
	    mark);
	r = RUN(PORTLEASE, "run", "--idle-limit", "3s", "--ready-cmd", probe,
	    SLOWBOOT, "9925");
	expect_unready(r, 124, "HUNG");
	expect_said(r->err, "--ready-cmd exited 5");
	expect_said(r->err, "--ready-cmd said: no");
}

Test(ready, a_probe_that_never_ends_does_not_stop_the_idle_clock)
{
	const struct run *r = RUN(PORTLEASE, "run", SHORT, "--ready-cmd",
	    "exec >&- 2>&-; sleep 1000", SLOWBOOT, "9925");

	expect_unready(r, 124, "HUNG");
	expect_said(r->err, "still running");
	expect_nothing_leased();
}

Test(ready, a_probe_that_does_not_exist_is_named_at_once)
{
	const struct run *r = RUN(
	    PORTLEASE, "run", "--ready-cmd", "no-such-probe", SLOWBOOT, "9925");

	expect_unready(r, 127, "'no-such-probe': not found (127)");
	expect_nothing_leased();
}

Test(ready, a_server_may_say_itself_that_it_is_ready)
{
	struct run *r = START(PORTLEASE, "run", "--status-fd", "1",
	    "--ready-notify", "--ready-listen", "9925", SLOWBOOT, "-m",
	    "STATUS=half way", "-m", "nonsense", "-m", "READY=1", "9925");
	const char *ready = story_says(r, "\"event\":\"ready\"");

	expect_said(ready, "\"malformed\":1");
	expect_said(ready, "\"status\":\"half way\"");
	story_signal(r, SIGTERM);
	story_end(r);
}

Test(ready, ports_without_the_awaited_word_are_not_enough)
{
	const struct run *r = RUN(PORTLEASE, "run", SHORT, "--ready-notify",
	    "--ready-listen", "9925", SLOWBOOT, "-m", "STATUS=so close", "-m",
	    "READY", "9925");

	expect_unready(r, 124, "HUNG");
	expect_said(r->err, "no READY=1 came; its status: so close");
	expect_said(r->err, "ignored 1 malformed message");
}

Test(ready, who_asks_for_more_time_gets_it)
{
	const struct run *r = RUN(PORTLEASE, "run", "--idle-limit", "100ms",
	    "--status-fd", "1", "--ready-listen", "9925", SLOWBOOT, "-m",
	    "EXTEND_TIMEOUT_USEC=1500000");
	const char *end = strstr(r->out, "\"event\":\"not-ready\"");

	expect_unready(r, 124, "HUNG");
	cr_assert_not_null(end);
	cr_expect_geq(atof(strstr(end, "elapsed\":") + 9), 1.5);
}

Test(ready, an_idle_limit_of_0_leaves_it_to_the_cap)
{
	expect_unready(RUN(PORTLEASE, "run", "--idle-limit", "0", "--cap", "1s",
			   "--ready-listen", "9925", "sleep", "1000"),
	    124, "CAPPED");
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
	expect_nothing_leased();
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

Test(ready, the_life_of_a_lease_in_lines)
{
	static const char *const events[] = { "leased", "ready", "ending",
		"verdict" };
	const char *path = story_path("status"), *at;
	char words[32];
	struct run *r = START("sh", "-c", "exec \"$@\" 3>\"$0\"", path,
	    PORTLEASE, "run", "-v", "--status-fd", "3", "--status-file",
	    story_path("twin"), "--ready-listen", "9925", "sh", "-c",
	    "echo x >&3; exec \"$0\" 9925", SLOWBOOT);

	story_warns(r, "READY");
	story_signal(r, SIGTERM);
	story_end(r);
	r = RUN("cat", path);
	at = r->out;
	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(
		    words, sizeof(words), "\"event\":\"%s\"", events[i]);
		at = strstr(at, words);
		cr_assert_not_null(at, "%s not in: %s", words, r->out);
	}
	cr_expect_eq(strncmp(r->out, "{\"version\":1,", 13), 0);
	cr_expect_null(strstr(r->out, "x\n"), "the command wrote there");
	cr_expect_str_eq(RUN("cat", story_path("twin"))->out, r->out);
}

Test(ready, a_reader_of_the_status_who_stalls_holds_nobody_up)
{
	const char *fifo = story_path("fifo");
	const struct run *r;
	int in, out;

	RUN("mkfifo", fifo);
	in = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	out = open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	while (write(out, "full", 4) == 4)
		;
	r = RUN(PORTLEASE, "run", SHORT, "--status-file", fifo,
	    "--ready-listen", "9925", "sleep", "1000");
	expect_unready(r, 124, "HUNG");
	expect_nothing_leased();
	close(in);
	close(out);
}

Test(ready, bad_places_for_the_status_are_refused)
{
	static const char *const rows[][2] = { { "--status-fd", "99" },
		{ "--status-fd", "-1" }, { "--status-fd", "x" },
		{ "--status-file", "/no/such/file" }, { "--status-file", "" },
		{ "--ready-listen", "0" }, { "--ready-listen", "" },
		{ "--ready-cmd", "" }, { "--idle-limit", "5" },
		{ "--cap", "-1s" } };
	const struct run *r;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		r = RUN(PORTLEASE, "run", rows[i][0], rows[i][1], "true");
		expect_unready(r, 125, rows[i][0]);
	}
	expect_nothing_leased();
}

Test(ready, a_terminal_is_shown_the_boot_in_one_line)
{
	struct run *r = story_terminal(
	    (const char *const[]){ PORTLEASE, "run", "--idle-limit", "1s",
		"--ready-listen", "9925,9926", SLOWBOOT, "9925", NULL });

	story_end(r);
	expect_said(r->out, "starting 0 s: ");
	expect_said(r->out, "ports 1 of 2");
	expect_said(r->out, "\r\033[K");
	expect_said(r->out, "HUNG");
	r = story_terminal(
	    (const char *const[]){ PORTLEASE, "run", "-q", "--idle-limit", "1s",
		"--ready-listen", "9925", "sleep", "1000", NULL });
	story_end(r);
	cr_expect_null(strstr(r->out, "starting"), "%s", r->out);
}

Test(ready, wait_returns_when_the_lease_listens)
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
	expect_said(wait->err, "READY");
	story_signal(server, SIGTERM);
	story_end(server);
}

Test(ready, wait_gives_up_on_a_hung_lease_and_leaves_it_alone)
{
	struct run *server =
	    START(PORTLEASE, "run", TELL_IP, SLOWBOOT, "-m", "x", "9925");
	const struct run *r;
	const char *ip;

	server = START(PORTLEASE, "run", TELL_IP, "sleep", "1000");
	ip = story_ip(server);
	r = RUN(PORTLEASE, "wait", SHORT, "--listen", "9925", ip);
	expect_unready(r, 124, "HUNG");
	expect_said(r->err, "in clock_nanosleep");
	expect_said(RUN(PORTLEASE, "ps")->out, ip);
	story_signal(server, SIGTERM);
	story_end(server);
}

/* --ready-cmd, which only runs while `wait` does, makes it exit. */
Test(ready, wait_ends_with_the_lease)
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
	expect_unready(wait, 124, "EXITED: the lease has ended");
	story_end(server);
}

Test(ready, wait_knows_what_runs_in_an_acquired_lease)
{
	const struct run *r = RUN("sh", "-c",
	    "eval \"$(\"$0\" acquire --sh)\"; \"$1\" -c 200 9925 & "
	    "\"$0\" wait -v --listen 9925; first=$?; \"$0\" wait "
	    "--idle-limit 500ms --listen 9926; second=$?; "
	    "\"$0\" release; echo $first $second; wait",
	    PORTLEASE, SLOWBOOT);

	expect_said(r->out, "0 124");
	expect_said(r->err, "READY");
	expect_said(r->err, "in pause");
}

Test(ready, wait_refuses_what_makes_no_sense)
{
	expect_unready(RUN(PORTLEASE, "wait", "--listen", "9925"), 125,
	    "nothing is leased");
	expect_unready(RUN(PORTLEASE, "wait", "127.64.3.1", "--listen", "1"),
	    125, "127.64.3.1 is not leased");
	expect_unready(RUN(PORTLEASE, "wait", "10.0.0.1", "--listen", "1"), 125,
	    "'10.0.0.1' is not an address");
	expect_unready(RUN(PORTLEASE, "wait"), 125, "--listen");
}
