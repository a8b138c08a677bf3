/* SPDX-License-Identifier: ISC */
/*
 * Servers that leave something behind: it is named, ended, and, when asked
 * for, counted against them.
 */
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

/* The line about that process, or an empty one. */
static const char *
line_about(const struct run *r, long pid)
{
	static char line[1024];
	char tag[32];
	const char *at, *start;

	(void)snprintf(tag, sizeof(tag), "straggler: pid %ld ", pid);
	at = strstr(r->err, tag);
	if (at == NULL)
		return "";
	for (start = at; start > r->err && start[-1] != '\n'; start--)
		;
	(void)snprintf(
	    line, sizeof(line), "%.*s", (int)strcspn(start, "\n"), start);
	return line;
}

Test(leak, a_child_that_inherited_the_listeners_is_ended_and_named)
{
	struct run *server = START(PORTLEASE, "run", "-g", "5s",
	    GUEST("fixedport"), "-x", "sleep 600", "9925", "9926", "[::]:9933");
	long child = story_number(story_says(server, "child"), "child ");
	long pid = story_number(story_says(server, "ready"), "pid ");
	char opener[32];

	story_signal(server, SIGTERM);
	cr_expect_eq(story_end(server), 0, "%s", server->err);
	(void)snprintf(opener, sizeof(opener), "pid %ld", pid);
	story_has(line_about(server, child), "portlease: 127.", "sleep 600",
	    "9925", "9926", "9933", opener, "fixedport");
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

Test(leak, the_commands_own_failure_outranks_the_leak)
{
	struct run *r = RUN(PORTLEASE, "run", "--on-leak", "fail", "sh", "-c",
	    "sleep 600 & exit 5");

	cr_expect_eq(WEXITSTATUS(r->status), 5, "%s", r->err);
	cr_expect_not_null(strstr(r->err, "sleep 600"), "%s", r->err);
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

/* Workers that end on their own within half a second are no leak. */
Test(leak, a_worker_that_ends_just_after_its_parent_is_forgiven)
{
	struct run *r = RUN(PORTLEASE, "run", "--on-leak", "fail", "sh", "-c",
	    "sleep 0.05 & exit 0");

	cr_expect_eq(r->status, 0, "%s", r->err);
	cr_expect_null(strstr(r->err, "straggler"), "%s", r->err);
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
	story_has(line_about(server, worker), "-i worker 9940", "9940", "9926",
	    "KILL");
	story_left_nothing();
}

Test(leak, a_stopped_process_is_woken_to_its_end)
{
	struct run *r = RUN(PORTLEASE, "run", "-g", "10s", "sh", "-c",
	    GUEST("stopped") " & exit 0");
	long pid = story_number(r->out, "pid ");

	cr_expect_eq(r->status, 0, "%s", r->err);
	story_has(line_about(r, pid), "stopped", "TERM");
	cr_expect_null(strstr(line_about(r, pid), "KILL"), "%s", r->err);
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
	story_has(line_about(r, pid), "-i ghost", "9926");
	story_left_nothing();
}

Test(leak, a_server_that_restarts_itself_is_a_straggler_until_main)
{
	struct run *server =
	    START(PORTLEASE, "run", GUEST("fixedport"), "9926");
	pid_t first = (pid_t)story_number(story_says(server, "ready"), "pid ");

	story_signal_pid(first, SIGUSR1);
	cr_expect_eq(story_end(server), 0);
	cr_expect_not_null(
	    strstr(server->err, "straggler: pid "), "%s", server->err);
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
	story_has(line_about(server, pid), "held port 9926 (opened by itself)",
	    "ended by SIGKILL");
	story_has(line_about(server, child), "sleep 600", "held port 9926");
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
	cr_expect_not_null(strstr(r->err, "HELD"), "%s", r->err);
	cr_expect_not_null(strstr(r->err, "9926"), "%s", r->err);
	close(fd);
	r = RUN(PORTLEASE, "reap", "--all");
	cr_expect_eq(r->status, 0, "%s", r->err);
	story_left_nothing();
}

Test(leak, without_sock_diag_nothing_is_guessed)
{
	struct run *r = RUN(GUEST("nonetlink"), PORTLEASE, "run", "-v", "true");

	if (WIFEXITED(r->status) && WEXITSTATUS(r->status) == 125)
		cr_expect_eq(story_count(r->err, "\n"), 1, "%s", r->err);
	else
		cr_expect_not_null(strstr(r->err, "UNKNOWN"), "%s", r->err);
	cr_expect(WIFEXITED(r->status), "%s", r->err);
	cr_expect_null(strstr(r->err, "CLEAN"), "%s", r->err);
}
