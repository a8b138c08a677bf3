/* SPDX-License-Identifier: ISC */
/*
 * Adopt mode: the address that the caller chose is the one that is used, by
 * everybody, and the next tenant waits until the last one is proven gone.
 */
#include "reserve.h"
#include "story.h"
#include "witness.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

STORIES(adopt);

Test(adopt, a_client_outside_reaches_the_server_where_it_always_did)
{
	const char *ip = reserve_address();
	char option[40];
	struct run *server, *client;
	struct sockets s;
	pid_t pid;

	(void)snprintf(option, sizeof(option), "--NODE_HOSTNAME=%s", ip);
	server = START(PORTLEASE, "run", "--ip-arg", "NODE_HOSTNAME", "--",
	    GUEST("fixedport"), "-i", "adopted", option, story_at(ip, "9926"),
	    "9925", "127.0.0.1:1883", "[::]:9933", "[::1]:9932");
	pid = (pid_t)story_number(story_says(server, "ready"), "pid ");
	client = RUN(GUEST("client"), ip, "9926");
	story_line(client->out, "adopted pid * at * peer *127.0.0.1 *");
	client = RUN(GUEST("client"), ip, "9933");
	story_line(client->out, "adopted pid * at * peer *127.0.0.1 *");
	s = witness_address(pid, ip);
	cr_expect_eq(s.inside, 5);
	cr_expect_eq(s.outside, 0, "%s", s.strays);
}

Test(adopt, a_client_inside_reaches_it_as_localhost)
{
	const char *ip = reserve_address();
	struct run *server = START(PORTLEASE, "run", "--ip", ip,
	    GUEST("fixedport"), "-i", "adopted", "9926", "[::]:9933");
	struct run *client;

	story_says(server, "ready");
	client = RUN(PORTLEASE, "exec", "--lease", ip, GUEST("client"),
	    "localhost", "9926");
	story_line(client->out, "adopted pid * at * peer *127.0.0.1 *");
	client = RUN(
	    PORTLEASE, "exec", "--lease", ip, GUEST("client"), "::1", "9933");
	story_line(client->out, "adopted pid * at * peer *127.0.0.1 *");
}

Test(adopt, the_environment_tells_the_address)
{
	const char *ip = reserve_address();
	struct run *r = RUN(PORTLEASE, "run", "-v", "--ip", ip, "sh", "-c",
	    "echo $PORTLEASE_IP");

	cr_expect_eq(r->status, 0, "%s", r->err);
	story_line(r->out, "%s", ip);
	story_freed(r->err, ip);
}

static bool
monitor_waits(const void *front)
{
	const struct run *r = front;
	pid_t monitor = witness_child(r->pid, 0);

	return monitor > 0 && witness_has(monitor, "[eventpoll]");
}

/* The monitor of this front, once it listens for what may interrupt it. */
static pid_t
waiting_monitor(const struct run *front)
{
	story_until(monitor_waits, front);
	return witness_child(front->pid, 0);
}

/* The first takes its time; the second must not start before it is over. */
Test(adopt, the_second_waits_until_the_first_is_proven_gone)
{
	const char *ip = reserve_address(), *marker = story_path("flushed");
	struct run *first, *second, *client;
	pid_t pid;

	first =
	    START(PORTLEASE, "run", "-g", "10m", "--ip", ip, GUEST("fixedport"),
		"-i", "first", "-t", "-1", "-m", marker, "9926");
	pid = (pid_t)story_number(story_says(first, "ready"), "pid ");
	second = START(PORTLEASE, "run", "--ip", ip, "--wait", "10m", "sh",
	    "-c", "test -e \"$0\" && echo after; exec \"$@\"", marker,
	    GUEST("fixedport"), "-i", "second", "9926");
	(void)waiting_monitor(second);
	story_signal(first, SIGTERM);
	story_says(first, "flushing");
	client = RUN(GUEST("client"), ip, "9926");
	story_line(client->out, "first pid * at * peer *127.0.0.1 *");
	story_signal_pid(pid, SIGUSR2);
	cr_expect_eq(story_end(first), 0, "%s", first->err);
	story_says(second, "after");
	story_says(second, "ready");
	client = RUN(GUEST("client"), ip, "9926");
	story_line(client->out, "second pid * at * peer *127.0.0.1 *");
}

Test(adopt, the_second_waits_for_the_stragglers_of_the_first_too)
{
	const char *ip = reserve_address();
	struct run *first, *second;
	long child;

	first = START(PORTLEASE, "run", "--ip", ip, "-g", "700ms",
	    GUEST("fixedport"), "-x", GUEST("deaf") " sleep 600", "9926");
	child = story_number(story_says(first, "child"), "child ");
	story_says(first, "ready");
	second = START(PORTLEASE, "run", "--ip", ip, "--wait", "10m",
	    GUEST("fixedport"), "9926");
	story_signal(first, SIGTERM);
	story_says(second, "ready");
	cr_expect_eq(witness_parent((pid_t)child), -1);
	story_end(first);
	story_line(first->err,
	    "portlease: %s: straggler: pid %ld (sleep 600), held port 9926 "
	    "(opened by *); ended by SIGKILL",
	    ip, child);
}

Test(adopt, patience_ends_and_the_tenant_is_named)
{
	const char *ip = reserve_address();
	struct run *first, *second;

	first = START(PORTLEASE, "run", "--ip", ip, GUEST("fixedport"), "9926");
	story_says(first, "ready");
	second =
	    RUN(PORTLEASE, "run", "--ip", ip, "--wait", "100ms", "echo", "ran");
	cr_expect_eq(WEXITSTATUS(second->status), 125, "%s", second->err);
	cr_expect_str_eq(second->out, "");
	story_line(
	    second->err, "portlease: %s: port 9926 is still held by pid *", ip);
	cr_expect_not(first->ended);
}

/* A lease on this address that ends only when the test does. */
static struct run *
tenant(const char *ip)
{
	struct run *first =
	    START(PORTLEASE, "run", "--ip", ip, GUEST("fixedport"), "9926");

	story_says(first, "ready");
	return first;
}

Test(adopt, a_signal_ends_the_wait)
{
	static const int sigs[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1 };
	const char *ip = reserve_address();
	struct run *first = tenant(ip), *second;
	int status;

	for (size_t i = 0; i < sizeof(sigs) / sizeof(*sigs); i++) {
		second = START(PORTLEASE, "run", "--ip", ip, "--wait", "10m",
		    "echo", "ran");
		(void)waiting_monitor(second);
		story_signal(second, sigs[i]);
		status = story_end(second);
		cr_expect(WIFSIGNALED(status), "%x", (unsigned int)status);
		cr_expect_eq(WTERMSIG(status), sigs[i]);
		cr_expect_str_eq(second->out, "");
		story_has(second->err, ip, "9926");
	}
	cr_expect_not(first->ended);
}

/* As nohup(1) and shells in the background start it. */
Test(adopt, what_the_command_would_ignore_does_not_end_the_wait)
{
	const char *ip = reserve_address();
	struct run *first = tenant(ip), *second;

	second = START("sh", "-c",
	    "trap '' HUP INT; exec " PORTLEASE
	    " run --ip $0 --wait 10m sh -c 'echo ran; read x'",
	    ip);
	(void)waiting_monitor(second);
	story_signal(second, SIGHUP);
	story_signal(second, SIGINT);
	story_signal(second, SIGWINCH);
	story_signal(first, SIGTERM);
	story_says(second, "ran");
	story_signal(second, SIGHUP);
	story_tell(second, "go on\n");
	cr_expect_eq(story_end(second), 0, "%s", second->err);
	story_end(first);
}

Test(adopt, nobody_waits_for_a_caller_who_is_gone)
{
	const char *ip = reserve_address();
	struct run *first = tenant(ip), *second;
	pid_t monitor;

	second =
	    START(PORTLEASE, "run", "--ip", ip, "--wait", "10m", "echo", "ran");
	monitor = waiting_monitor(second);
	story_signal(second, SIGKILL);
	story_end(second);
	story_gone(monitor);
	cr_expect_str_eq(second->out, "");
	cr_expect_not(first->ended);
}

Test(adopt, nobody_waits_for_an_owner_who_is_gone)
{
	const char *ip = reserve_address();
	struct run *first = tenant(ip), *owner, *second;
	char pid[16];

	owner = START("sleep", "600");
	(void)snprintf(pid, sizeof(pid), "%d", owner->pid);
	second = START(PORTLEASE, "run", "--ip", ip, "--wait", "10m", "--owner",
	    pid, "echo", "ran");
	(void)waiting_monitor(second);
	story_signal(owner, SIGKILL);
	story_end(owner);
	cr_expect_eq(WEXITSTATUS(story_end(second)), 125);
	cr_expect_str_eq(second->out, "");
	cr_expect_not(first->ended);
}

/* `eval` of its output must see that it failed. */
Test(adopt, a_signal_ends_an_acquire_that_waits)
{
	const char *ip = reserve_address();
	struct run *first = tenant(ip), *second;

	second = START(PORTLEASE, "acquire", "--ip", ip, "--wait", "10m");
	(void)waiting_monitor(second);
	story_signal(second, SIGTERM);
	cr_expect_eq(WEXITSTATUS(story_end(second)), 128 + SIGTERM);
	cr_expect_str_eq(second->out, "(exit 143)\n");
	cr_expect_not(first->ended);
}

/* Its TIME_WAIT refuses the port to everybody: that is no leak. */
Test(adopt, a_server_without_reuseaddr_leaves_a_port_that_cools)
{
	const char *ip = reserve_address();
	struct run *r = RUN(PORTLEASE, "run", "-v", "--on-leak", "fail", "--ip",
	    ip, GUEST("naive"), "9926");

	cr_expect_eq(r->status, 0, "%s", r->err);
	story_line(r->err, "portlease: 127.*: COOLING: 1 socket closing");
	cr_expect_null(strstr(RUN(PORTLEASE, "ps")->out, ip));
	r = RUN(PORTLEASE, "run", "--ip", ip, "--wait", "100ms", "echo", "ran");
	cr_expect_eq(WEXITSTATUS(r->status), 125);
	cr_expect_str_eq(r->out, "");
	story_has(r->err, ip, "9926", "TIME_WAIT", "SO_REUSEADDR");
	/* In slice mode another slice is taken. */
	r = RUN(PORTLEASE, "run", "-v", "--on-leak", "fail", GUEST("naive"),
	    "9926");
	cr_expect_eq(r->status, 0, "%s", r->err);
	story_line(r->err, "portlease: 127.*: COOLING: 1 socket closing");
}

/* TIME_WAIT lasts a minute: half of that is not worth waiting. */
Test(adopt, a_port_that_cools_for_longer_than_asked_is_said_at_once)
{
	const char *ip = reserve_address();
	struct run *r =
	    RUN(PORTLEASE, "run", "--ip", ip, GUEST("naive"), "9926");
	time_t begun = time(NULL);
	long seconds;

	cr_expect_eq(r->status, 0, "%s", r->err);
	r = RUN(PORTLEASE, "run", "--ip", ip, "echo", "ran");
	cr_expect_eq(WEXITSTATUS(r->status), 125);
	cr_expect_lt(time(NULL) - begun, 25);
	seconds = story_number(r->err, "TIME_WAIT for ");
	cr_expect(seconds > 25 && seconds <= 60, "%s", r->err);
	cr_expect_eq(story_number(r->err, "--wait "), seconds + 1);
	cr_expect_eq(story_count(r->err, "\n"), 1, "%s", r->err);
}

Test(adopt, a_foreign_tenant_is_named_and_left_alone)
{
	const char *ip = reserve_address();
	struct run *native, *r;
	long pid;

	native =
	    START(GUEST("fixedport"), "-i", "native", story_at(ip, "9926"));
	pid = story_number(story_says(native, "ready"), "pid ");
	r = RUN(PORTLEASE, "run", "--ip", ip, "--wait", "100ms", "echo", "ran");
	cr_expect_eq(WEXITSTATUS(r->status), 125, "%s", r->err);
	cr_expect_str_eq(r->out, "");
	cr_expect_eq(story_number(r->err, "pid "), pid, "%s", r->err);
	story_line(r->err,
	    "portlease: %s: port 9926 is still held by pid %ld (*)", ip, pid);
	cr_expect_eq(RUN(GUEST("client"), ip, "9926")->status, 0);
}

static double
seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

/* The processor time that so many need who wait in vain at once. */
static double
cost_of_waiting(const char *ip, size_t n)
{
	struct run *waiters[4];
	struct rusage before, after;

	cr_assert_eq(getrusage(RUSAGE_CHILDREN, &before), 0);
	for (size_t i = 0; i < n; i++)
		waiters[i] =
		    START(PORTLEASE, "run", "--ip", ip, "--wait", "1s", "true");
	for (size_t i = 0; i < n; i++)
		cr_expect_eq(WEXITSTATUS(story_end(waiters[i])), 125);
	cr_assert_eq(getrusage(RUSAGE_CHILDREN, &after), 0);
	return seconds(after.ru_utime) + seconds(after.ru_stime) -
	       seconds(before.ru_utime) - seconds(before.ru_stime);
}

/*
 * Each look opens and closes sockets there: it must not wake the next one.
 * Those who do wake each other look all the time.
 */
Test(adopt, those_who_wait_do_not_wake_each_other)
{
	const char *ip = reserve_address();
	double one, four;

	story_says(
	    START(GUEST("fixedport"), "-i", "native", story_at(ip, "9926")),
	    "ready");
	one = cost_of_waiting(ip, 1);
	four = cost_of_waiting(ip, 4);
	cr_expect_lt(four, 4 * 2 * one, "%f and %f seconds", one, four);
}

Test(adopt, strangers_on_other_ports_of_the_address_are_no_matter)
{
	const char *ip = reserve_address(), *port = reserve_port();
	struct run *native, *r;

	native = START(GUEST("fixedport"), "-i", "native", story_at(ip, port));
	story_says(native, "ready");
	r = RUN(PORTLEASE, "run", "-v", "--on-leak", "fail", "--ip", ip,
	    GUEST("client"), ip, port);
	cr_expect_eq(r->status, 0, "%s", r->err);
	story_line(r->out, "native pid * at * peer *127.0.0.1 *");
	cr_expect_null(strstr(r->err, "HELD"), "%s", r->err);
}

Test(adopt, a_straggler_is_named_with_its_ports_as_ever)
{
	const char *ip = reserve_address();
	struct run *server;

	server = START(PORTLEASE, "run", "--ip", ip, "--on-leak", "fail",
	    GUEST("fixedport"), "-x", "sleep 600", "9926", "[::]:9933");
	story_says(server, "ready");
	story_signal(server, SIGTERM);
	story_end(server);
	cr_expect_eq(WEXITSTATUS(server->status), 123, "%s", server->err);
	story_line(server->err,
	    "portlease: %s: straggler: pid * (sleep 600), held port 9926, 9933 "
	    "(*); ended by SIGTERM",
	    ip);
	story_quiet();
}
