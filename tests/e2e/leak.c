/* SPDX-License-Identifier: ISC */
/*
 * Servers that leave something behind: it is named, ended, and, when asked
 * for, counted against them.
 */
#include "lost.h"
#include "story.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

STORIES(leak);

Test(leak, a_child_that_inherited_the_listeners_is_ended_and_named)
{
	struct run *server = START(PORTLEASE, "run", "-g", "10m",
	    GUEST("fixedport"), "-x", "sleep 600", "9925", "9926", "[::]:9933");
	long child = story_number(story_says(server, "child"), "child ");
	long pid = story_number(story_says(server, "ready"), "pid ");

	story_signal(server, SIGTERM);
	cr_expect_eq(story_end(server), 0, "%s", server->err);
	story_line(server->err,
	    "portlease: 127.*: straggler: pid %ld (sleep 600), held port "
	    "9925, "
	    "9926, 9933 (opened by pid %ld, *fixedport); ended by SIGTERM",
	    child, pid);
	story_left_nothing();
}

Test(leak, a_leak_can_fail_the_run)
{
	struct run *server = START(PORTLEASE, "run", "--on-leak", "fail",
	    GUEST("fixedport"), "-x", "sleep 600");

	story_says(server, "ready");
	story_signal(server, SIGTERM);
	story_end(server);
	cr_expect_eq(WEXITSTATUS(server->status), 123, "%s", server->err);
	story_left_nothing();
}

/* It waits for the end that it asked for, so it cannot be gone before. */
Test(leak, the_release_that_a_command_calls_is_no_straggler)
{
	struct run *r = RUN(PORTLEASE, "run", "-v", "--on-leak", "fail", "sh",
	    "-c", PORTLEASE " release; true");

	cr_expect_eq(WTERMSIG(r->status), SIGTERM, "%s", r->err);
	cr_expect_null(strstr(r->err, "straggler"), "%s", r->err);
	story_line(r->err, "portlease: 127.*: C[LO]*: *");
	story_left_nothing();
}

Test(leak, the_commands_own_failure_outranks_the_leak)
{
	struct run *r = RUN(PORTLEASE, "run", "--on-leak", "fail", "sh", "-c",
	    "sleep 600 & exit 5");

	cr_expect_eq(WEXITSTATUS(r->status), 5, "%s", r->err);
	story_line(r->err,
	    "portlease: 127.*: straggler: pid * (sleep 600); ended by SIGTERM");
	story_left_nothing();
}

Test(leak, a_leak_can_be_ignored)
{
	struct run *r = RUN(
	    PORTLEASE, "run", "--on-leak", "ignore", "sh", "-c", "sleep 600 &");

	cr_expect_eq(r->status, 0);
	cr_expect_null(strstr(r->err, "straggler"), "%s", r->err);
	story_left_nothing();
}

Test(leak, no_leak_no_failure)
{
	struct run *r = RUN(PORTLEASE, "run", "--on-leak", "fail", "true");

	cr_expect_eq(r->status, 0, "%s", r->err);
	cr_expect_str_eq(r->err, "");
}

/*
 * Workers that end on their own within half a second are no leak.  On a busy
 * machine a worker may take longer: one of ten is enough to show it.
 */
Test(leak, a_worker_that_ends_just_after_its_parent_is_forgiven)
{
	struct run *r;
	int rounds = 10;

	do
		r = RUN(PORTLEASE, "run", "--on-leak", "fail", "sh", "-c",
		    "sleep 0.05 & exit 0");
	while (r->status != 0 && --rounds > 0);
	cr_expect_eq(r->status, 0, "%s", r->err);
	cr_expect_str_empty(r->err);
}

Test(leak, a_detached_listener_that_ignores_sigterm_is_ended_within_the_grace)
{
	struct run *server = START(PORTLEASE, "run", "-g", "700ms", "--on-leak",
	    "fail", GUEST("fixedport"), "-x",
	    GUEST("detach") " " GUEST("deaf") " " GUEST(
		"fixedport") " -i worker 9940",
	    "9926");
	const char *first = story_says(server, "ready");
	long pids[2] = { story_number(first, "pid "),
		story_number(story_says(server, "ready"), "pid ") };
	struct run *client;
	long worker;

	client = RUN(PORTLEASE, "exec", GUEST("client"), "127.0.0.1", "9940");
	worker = story_number(client->out, "worker pid ");
	cr_assert(worker == pids[0] || worker == pids[1], "%s%s", client->out,
	    client->err);
	story_signal(server, SIGTERM);
	story_end(server);
	cr_expect_eq(WEXITSTATUS(server->status), 123, "%s", server->err);
	story_line(server->err,
	    "portlease: 127.*: straggler: pid %ld (*fixedport -i worker 9940), "
	    "held port 9926 (opened by pid *fixedport), held port 9940 (opened "
	    "by itself); ended by SIGKILL",
	    worker);
	story_left_nothing();
}

Test(leak, a_stopped_process_is_woken_to_its_end)
{
	struct run *r = RUN(PORTLEASE, "run", "-g", "10m", "sh", "-c",
	    GUEST("stopped") " & exit 0");
	long pid = story_number(r->out, "pid ");

	cr_expect_eq(r->status, 0, "%s", r->err);
	story_line(r->err,
	    "portlease: 127.*: straggler: pid %ld (*stopped); ended by SIGTERM",
	    pid);
	story_left_nothing();
}

Test(leak, a_daemon_with_an_empty_environment_is_found)
{
	struct run *r = RUN(PORTLEASE, "run", "sh", "-c",
	    GUEST("bare") " " GUEST("detach") " " GUEST("bare") " " GUEST(
		"fixedport") " -i ghost 9926 | { read line; echo \"$line\"; }; "
			     "exit 0");
	long pid = story_number(r->out, "ready pid ");

	cr_expect_eq(r->status, 0, "%s", r->err);
	story_line(r->err,
	    "portlease: 127.*: straggler: pid %ld (*fixedport -i ghost 9926), "
	    "held port 9926 (opened by itself); ended with status 0",
	    pid);
	story_left_nothing();
}

Test(leak, a_server_that_restarts_itself_is_a_straggler_until_main)
{
	struct run *server =
	    START(PORTLEASE, "run", GUEST("fixedport"), "9926");
	pid_t first = (pid_t)story_number(story_says(server, "ready"), "pid ");

	story_signal_pid(first, SIGUSR1);
	cr_expect_eq(story_end(server), 0);
	story_line(server->err,
	    "portlease: 127.*: straggler: pid * (*fixedport 9926), held port "
	    "9926 (opened by itself); ended with status 0");
	story_left_nothing();
}

Test(leak, who_outlives_the_grace_is_named)
{
	struct run *server = START(PORTLEASE, "run", "-g", "100ms",
	    GUEST("fixedport"), "-t", "60000", "-x", "sleep 600", "9926");
	long child = story_number(story_says(server, "child"), "child ");
	long pid = story_number(story_says(server, "ready"), "pid ");

	story_signal(server, SIGTERM);
	cr_expect_eq(WTERMSIG(story_end(server)), SIGKILL, "%s", server->err);
	story_line(server->err,
	    "portlease: 127.*: straggler: pid %ld (*fixedport *), held port "
	    "9926 (opened by itself); ended by SIGKILL",
	    pid);
	story_line(server->err,
	    "portlease: 127.*: straggler: pid %ld (sleep 600), held port 9926 "
	    "(opened by pid %ld, *fixedport); ended by SIGKILL",
	    child, pid);
	story_left_nothing();
}

Test(leak, a_quiet_run_and_a_quiet_release_say_nothing)
{
	static const char script[] =
	    "set -e; eval \"$('" PORTLEASE "' acquire)\"; sleep 600 & "
	    "'" PORTLEASE "' release -q";
	struct run *r =
	    RUN(PORTLEASE, "run", "-q", "sh", "-c", "sleep 600 & exit 3");

	cr_expect_eq(WEXITSTATUS(r->status), 3);
	cr_expect_str_empty(r->err);
	r = RUN("sh", "-c", script);
	cr_expect_eq(r->status, 0);
	cr_expect_str_empty(r->err);
	story_left_nothing();
}

/*
 * The listener that a server passes on to somebody outside is the one thing
 * that no signal ends: no process that may be ended holds it, as long as the
 * message lies unread, nobody at all.
 */
Test(leak, a_listener_that_a_stranger_holds_keeps_the_address_taken)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *path = story_path("stranger");
	struct run *r;

	(void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	cr_assert_eq(listen(fd, 1), 0);
	r = RUN(PORTLEASE, "run", "--on-leak", "fail", GUEST("smuggle"), "9926",
	    path);
	cr_expect_eq(WEXITSTATUS(r->status), 123, "%s", r->err);
	story_line(r->err,
	    "portlease: 127.*: 127.*.1:9926 LISTEN held by nobody that can be "
	    "seen; opened by pid * (*smuggle) with bind");
	story_line(r->err, "portlease: 127.*: HELD: 1 socket open");
	close(fd);
	r = RUN(PORTLEASE, "reap", "--all");
	cr_expect_eq(r->status, 0, "%s", r->err);
	story_line(r->out, "127.*: CLEAN: *");
	story_left_nothing();
}

static void
expect_unproven(const struct run *r, const char *out)
{
	cr_expect_eq(WEXITSTATUS(r->status), 125, "%s", r->err);
	cr_expect_str_eq(r->out, out);
	cr_expect_str_eq(r->err,
	    "portlease: no address can be proven free: sock_diag: "
	    "Address family not supported by protocol\n");
}

Test(leak, without_sock_diag_nothing_is_leased)
{
	expect_unproven(
	    RUN(GUEST("nonetlink"), PORTLEASE, "run", "echo", "ran"), "");
	expect_unproven(
	    RUN(GUEST("nonetlink"), PORTLEASE, "acquire"), "(exit 125)\n");
	story_left_nothing();
}

Test(leak, without_sock_diag_nothing_is_guessed)
{
	struct run *server =
	    START(PORTLEASE, "run", TELL_IP, GUEST("fixedport"), "9926");
	const char *ip = story_ip(server);
	long pid = story_number(story_says(server, "ready"), "pid ");
	struct run *r;

	lost_kill();
	story_end(server);
	r = RUN(GUEST("nonetlink"), PORTLEASE, "reap", ip);
	cr_expect_eq(WEXITSTATUS(r->status), 1, "%s%s", r->out, r->err);
	story_line(
	    r->out, "%s: pid %ld (*fixedport 9926) was asked to end", ip, pid);
	story_line(r->out, "%s: UNKNOWN: sock_diag refused: *", ip);
	story_line(RUN(PORTLEASE, "ps")->out, "%s *orphan *", ip);
	cr_expect_eq(RUN(PORTLEASE, "reap", ip)->status, 0);
	story_left_nothing();
}
