/* SPDX-License-Identifier: ISC */
/*
 * run --trap: programs that no preloaded library enters stay in the lease,
 * and those that one enters do not notice.
 */
#include "reserve.h"
#include "story.h"
#include "witness.h"

#include <sys/wait.h>

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

STORIES(trap);

#define STATIC GUEST("static-raw")
#define RAW    GUEST("raw")

static void
end(struct run *r)
{
	story_signal(r, SIGTERM);
	story_end(r);
	story_left_nothing();
}

static long
ready(struct run *r)
{
	return story_number(story_says(r, "ready"), "pid ");
}

/* A server there holds exactly one listener, and that in the slice. */
static void
expect_inside(long pid, const char *ip)
{
	struct sockets s = witness_slice((pid_t)pid, ip);

	cr_expect_eq(s.inside, 1);
	cr_expect_eq(s.outside, 0, "%s", s.strays);
}

static void
serves_inside(const char *guest)
{
	struct run *server =
	    START(PORTLEASE, "run", "--trap", TELL_IP, guest, "serve", "9925");
	const char *ip = story_ip(server);

	expect_inside(ready(server), ip);
	end(server);
	cr_expect_null(strstr(server->err, "uncovered"), "%s", server->err);
}

Test(trap, a_static_server_listens_in_its_slice)
{
	serves_inside(STATIC);
}

Test(trap, raw_system_calls_listen_in_their_slice)
{
	serves_inside(RAW);
}

Test(trap, two_static_servers_have_the_same_port)
{
	struct run *a = START(PORTLEASE, "run", "--trap", TELL_IP, STATIC,
		       "serve", "9925"),
		   *b = START(PORTLEASE, "run", "--trap", TELL_IP, STATIC,
		       "serve", "9925");
	const char *ipa = story_ip(a), *ipb = story_ip(b);

	cr_expect_str_neq(ipa, ipb);
	expect_inside(ready(a), ipa);
	expect_inside(ready(b), ipb);
	story_signal(a, SIGTERM);
	story_signal(b, SIGTERM);
	story_end(a);
	story_end(b);
	story_left_nothing();
}

Test(trap, a_static_client_finds_the_server_of_its_lease)
{
	struct run *r = START(PORTLEASE, "run", "--trap", STATIC, "serve",
	    "9925", STATIC, "ask", "9925");
	long pid = ready(r);

	cr_expect_eq(story_number(story_says(r, "answer"), "pid "), pid);
	end(r);
}

Test(trap, a_static_client_is_refused_where_nobody_of_its_lease_is)
{
	struct run *r = RUN(PORTLEASE, "run", "--trap", STATIC, "ask", "9925");

	cr_expect_not_null(
	    strstr(r->err, "connect 9925: Connection refused"), "%s", r->err);
	story_left_nothing();
}

Test(trap, a_static_client_still_reaches_what_is_outside)
{
	const char *port = reserve_port();
	struct run *outside = START(RAW, "serve", port), *r;
	long pid = ready(outside);

	r = RUN(PORTLEASE, "run", "--trap", STATIC, "ask", port);
	cr_expect_eq(story_number(r->out, "answer of pid "), pid, "%s%s",
	    r->out, r->err);
	story_signal(outside, SIGTERM);
	story_end(outside);
	story_left_nothing();
}

Test(trap, the_opener_is_named)
{
	struct run *r = START(PORTLEASE, "run", "--trap", TELL_IP, STATIC,
		       "serve", "9925"),
		   *show;
	const char *ip = story_ip(r);
	char by[512];

	(void)snprintf(
	    by, sizeof(by), "bind 0.0.0.0:9925 by pid %ld (", ready(r));
	show = RUN(PORTLEASE, "show", ip);
	cr_expect_not_null(strstr(show->out, by), "%s", show->out);
	cr_expect_not_null(strstr(show->out, "static-raw)"), "%s", show->out);
	cr_expect_null(strstr(show->out, "unrecorded"), "%s", show->out);
	end(r);
}

/* The dynamic one asks through libc, and so through the shim. */
Test(trap, getsockname_is_the_shims_where_there_is_one)
{
	struct run *r = START(PORTLEASE, "run", "--trap", RAW, "serve", "9925");

	cr_expect_eq(
	    strncmp(strstr(story_says(r, "ready"), "at "), "at 0.0.0.0\n", 11),
	    0, "%s", r->out);
	end(r);
}

Test(trap, static_children_are_uncovered_without_it_only)
{
	struct run *r =
	    RUN(PORTLEASE, "run", "sh", "-c", "$0 ring; true", STATIC);

	cr_expect_not_null(strstr(r->err, "uncovered"), "%s", r->err);
	r = RUN(
	    PORTLEASE, "run", "--trap", "sh", "-c", "$0 ring; true", STATIC);
	cr_expect_str_eq(r->err, "");
	story_left_nothing();
}

Test(trap, there_is_no_io_uring)
{
	struct run *r = RUN(PORTLEASE, "run", "--trap", STATIC, "ring");

	cr_expect_str_eq(r->out, "no ring: Function not implemented\n");
	r = RUN(PORTLEASE, "run", "--trap", GUEST("ring"), "9925");
	cr_expect_str_eq(r->out, "refused\n");
}

/*
 * A server with room for one client, that client, a second one who has to
 * wait, and then, if told to, another server.  Returns the pid of who waits.
 */
static long
crowd(struct run *r, long *server)
{
	long pid;

	*server = ready(r);
	story_tell(r, "first\n");
	(void)story_says(r, "connected");
	story_tell(r, "second\n");
	pid = story_number(story_says(r, "asking"), "pid ");
	story_tell(r, "neighbour\n");
	return pid;
}

#define CROWD                                                                  \
	"$0 full 9925 & read x; $0 ask 9925 & read x; $0 ask 9925 & read x; "  \
	"exec $0 serve 9926 $0 ask 9926"

/* How many sockets are on their way into a lease: see proc_net_tcp in Linux. */
static unsigned int
under_way(const char *ip)
{
	FILE *f = fopen("/proc/net/tcp", "re");
	unsigned int n = 0, to, state;
	char line[256];

	cr_assert_not_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, " %*u: %*x:%*x %x:%*x %x", &to, &state) == 2 &&
		    to == inet_addr(ip) && state == TCP_SYN_SENT)
			n++;
	fclose(f);
	return n;
}

static bool
one_is_under_way(const void *ip)
{
	return under_way(ip) == 1;
}

static bool
none_is_under_way(const void *ip)
{
	return under_way(ip) == 0;
}

Test(trap, a_connect_that_waits_stalls_nobody)
{
	struct run *r = START(PORTLEASE, "run", "-g", "1s", "--trap", TELL_IP,
	    "sh", "-c", CROWD, STATIC);
	const char *ip = story_ip(r);
	long server, neighbour, waiting = crowd(r, &server);

	neighbour = ready(r);
	cr_expect_eq(story_number(story_says(r, "answer"), "pid "), neighbour);
	story_until(one_is_under_way, ip);
	cr_expect_eq(witness_state((pid_t)waiting), 'S');
	story_signal_pid((pid_t)server, SIGUSR1);
	(void)story_says(r, "answer");
	(void)story_says(r, "answer");
	end(r);
}

Test(trap, who_is_killed_while_it_connects_leaves_nothing)
{
	struct run *r = START(PORTLEASE, "run", "-g", "1s", "--trap", TELL_IP,
	    "sh", "-c", CROWD, STATIC);
	const char *ip = story_ip(r);
	long server, waiting = crowd(r, &server);

	(void)story_says(r, "answer");
	story_until(one_is_under_way, ip);
	story_signal_pid((pid_t)waiting, SIGKILL);
	story_gone((pid_t)waiting);
	story_until(none_is_under_way, ip);
	end(r);
}

/* Restarted by the kernel, each of them would fail: it was bound already. */
Test(trap, signals_do_not_disturb_a_bind)
{
	struct run *r =
	    RUN(PORTLEASE, "run", "--trap", STATIC, "alarmed", "9925");

	cr_expect_str_eq(r->out, "all bound\n", "%s", r->err);
}

Test(trap, a_thread_whose_leader_has_exited_serves)
{
	struct run *r = START(PORTLEASE, "run", "-g", "1s", "--trap", TELL_IP,
	    STATIC, "headless", "9925");
	const char *ip = story_ip(r);
	char at[32];

	(void)ready(r);
	(void)snprintf(at, sizeof(at), "%s:9925", ip);
	cr_expect(witness_listens(at));
	end(r);
}

static long
monitor_of(const char *ip)
{
	struct run *ps = RUN(PORTLEASE, "ps");
	const char *line = strstr(ps->out, ip);

	cr_assert_not_null(line, "%s", ps->out);
	return story_number(line, "live");
}

/* What the shim calls passes the filter: the monitor is not asked. */
Test(trap, a_program_with_the_shim_does_not_wait_for_the_monitor)
{
	struct run *r = START(PORTLEASE, "run", "--trap", TELL_IP, "sh", "-c",
	    "echo up; read x; exec \"$@\"", "sh", GUEST("fixedport"), "9925");
	const char *ip = story_ip(r);
	long monitor;

	(void)story_says(r, "up");
	monitor = monitor_of(ip);
	story_signal_pid((pid_t)monitor, SIGSTOP);
	story_tell(r, "go\n");
	expect_inside(ready(r), ip);
	story_signal_pid((pid_t)monitor, SIGCONT);
	end(r);
}

Test(trap, a_trapped_program_does_not_survive_its_monitor)
{
	struct run *r =
	    START(PORTLEASE, "run", "--trap", TELL_IP, STATIC, "late", "9925");
	const char *ip = story_ip(r);

	(void)story_says(r, "waiting");
	story_signal_pid((pid_t)monitor_of(ip), SIGKILL);
	cr_expect_eq(WEXITSTATUS(story_end(r)), 125);
	story_tell(r, "go\n");
	(void)story_warns(r, "bind 9925: Function not implemented");
	story_quiet();
	cr_expect_eq(RUN(PORTLEASE, "reap", "-q", ip)->status, 0);
}

/* Their own sockets are not the outer lease's, whose filter they are below. */
Test(trap, a_lease_inside_a_trapped_one)
{
	struct run *r = START(PORTLEASE, "run", "--trap", PORTLEASE, "run",
	    TELL_IP, GUEST("fixedport"), "9925");
	const char *ip = story_ip(r);

	expect_inside(ready(r), ip);
	cr_expect_null(strstr(r->err, "outside"), "%s", r->err);
	end(r);
}

Test(trap, a_second_net_is_refused_in_one_line)
{
	struct run *r =
	    RUN(PORTLEASE, "run", "--trap", PORTLEASE, "run", "--trap", "true");

	cr_expect_eq(WEXITSTATUS(r->status), 125);
	cr_expect_str_eq(r->err,
	    "portlease: --trap: the kernel refuses the filter: another "
	    "filter with a listener is installed already\n");
	story_left_nothing();
}

Test(trap, a_lease_without_a_command_has_no_filter)
{
	struct run *r = RUN(PORTLEASE, "acquire", "--trap");

	cr_expect_eq(WEXITSTATUS(r->status), 125);
	cr_expect_not_null(strstr(r->err, "--trap"), "%s", r->err);
	r = RUN(PORTLEASE, "exec", "--trap", "true");
	cr_expect_eq(WEXITSTATUS(r->status), 125);
	story_left_nothing();
}

Test(trap, readiness_is_seen_at_once)
{
	struct run *r = START(PORTLEASE, "run", "-v", "--trap",
	    "--ready-listen", "9925", STATIC, "serve", "9925");

	(void)story_warns(r, "READY");
	end(r);
}

Test(trap, an_ordinary_user_has_no_new_privileges)
{
	struct run *r;

	story_need_two_users();
	r = RUN(PORTLEASE, "run", "--trap", "grep", "NoNewPrivs",
	    "/proc/self/status");
	cr_expect_str_eq(r->out, "NoNewPrivs:\t0\n", "%s", r->err);
	story_give(NOBODY);
	r = RUN(AS_NOBODY, PORTLEASE, "run", "--trap", "grep", "NoNewPrivs",
	    "/proc/self/status");
	cr_expect_str_eq(r->out, "NoNewPrivs:\t1\n", "%s", r->err);
}

Test(trap, who_may_not_be_looked_into_is_refused_and_named)
{
	struct run *r;

	story_need_two_users();
	story_give(NOBODY);
	r = RUN(AS_NOBODY, PORTLEASE, "run", "--trap", STATIC, "shy", "9925");
	cr_expect_not_null(
	    strstr(r->err, "bind 9925: Operation not permitted"), "%s", r->err);
	cr_expect_eq(
	    story_count(r->err, "cannot be inspected"), 1, "%s", r->err);
}

Test(trap, roots_monitor_lends_nobody_its_privileges)
{
	struct run *r;

	story_need_two_users();
	r = RUN(PORTLEASE, "run", "--trap", "-p", "80", AS_NOBODY, STATIC,
	    "serve", "80");
	cr_expect_not_null(
	    strstr(r->err, "bind 80: Permission denied"), "%s", r->err);
}
