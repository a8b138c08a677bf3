/* SPDX-License-Identifier: ISC */
/*
 * portlease who: what can be asked, how it answers, and how it waits; with a
 * lease and without one.  Why a socket is still there is in whys.c.
 */
#include "reserve.h"
#include "story.h"

#include <sys/wait.h>

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

STORIES(who);

/* A native server on one port. */
static struct run *
serve(const char *port, long *pid)
{
	struct run *r = START(GUEST("fixedport"), port);

	*pid = story_number(story_says(r, "ready"), "pid ");
	return r;
}

static struct run *
who(const char *target, int status)
{
	struct run *r = RUN(PORTLEASE, "who", target);

	cr_expect_eq(
	    WEXITSTATUS(r->status), status, "%s: %s%s", target, r->out, r->err);
	return r;
}

Test(who, holds_a_port_without_any_lease)
{
	const char *port = reserve_port();
	long pid;
	struct run *r;

	cr_expect_str_eq(who(port, 1)->out, "");
	(void)serve(port, &pid);
	r = who(port, 0);
	story_line(r->out, "tcp 0.0.0.0:%s LISTEN", port);
	story_line(r->out,
	    "  held by pid %ld (*fixedport %s) of *, started * s ago, "
	    "descriptor *",
	    pid, port);
	story_line(r->out, "    why: its process runs, and nothing says *");
	cr_expect_str_eq(r->err, "");
}

Test(who, is_asked_by_port_address_both_or_process)
{
	const char *port = reserve_port(), *ip = reserve_address();
	char at[64], process[32], line[96];
	long pid;
	struct run *r;

	(void)snprintf(at, sizeof(at), "%s:%s", ip, port);
	r = START(GUEST("fixedport"), at);
	pid = story_number(story_says(r, "ready"), "pid ");
	(void)snprintf(process, sizeof(process), "pid:%ld", pid);
	(void)snprintf(line, sizeof(line), "tcp %s LISTEN", at);
	story_line(who(port, 0)->out, "%s", line);
	story_line(who(at, 0)->out, "%s", line);
	story_line(who(ip, 0)->out, "%s", line);
	story_line(who(process, 0)->out, "%s", line);
	(void)snprintf(at, sizeof(at), "127.0.0.9:%s", port);
	cr_expect_str_eq(who(at, 1)->out, "");
}

Test(who, tells_what_the_record_knows)
{
	struct run *server = START(
		       PORTLEASE, "run", TELL_IP, GUEST("fixedport"), "9926"),
		   *r;
	const char *ip = story_ip(server);
	long pid = story_number(story_says(server, "ready"), "pid ");

	r = who(story_at(ip, "9926"), 0);
	story_line(r->out,
	    "tcp %s:9926 LISTEN, lease %s, asked 0.0.0.0:9926, for * s", ip,
	    ip);
	story_line(r->out,
	    "  opened by pid %ld (*/fixedport) with bind, * s ago", pid);
	cr_expect_not_null(strstr(who(ip, 0)->out, ":9926 LISTEN"));
	story_signal(server, SIGTERM);
	story_end(server);
}

Test(who, prints_json)
{
	const char *port = reserve_port();
	char words[64];
	struct run *r;
	long pid;

	r = RUN(PORTLEASE, "who", "--json", port);
	cr_expect_eq(WEXITSTATUS(r->status), 1);
	story_has(
	    r->out, "\"version\": 1", "\"held\": false", "\"sockets\": []");
	(void)serve(port, &pid);
	(void)snprintf(words, sizeof(words), "\"pid\": %ld", pid);
	r = RUN(PORTLEASE, "who", port, "-j");
	cr_expect_eq(r->status, 0);
	story_has(r->out, "\"held\": true", "\"state\": \"LISTEN\"",
	    "\"lease\": null", "\"opened\": null", words, "\"cloexec\": false",
	    "\"why\": \"meant\"");
}

Test(who, waits_until_the_holder_has_ended)
{
	const char *port = reserve_port();
	struct run *server, *r;
	long pid;

	server = serve(port, &pid);
	r = START(PORTLEASE, "who", "--wait", "10m", port);
	story_signal(server, SIGKILL);
	story_end(r);
	cr_expect_eq(WEXITSTATUS(r->status), 1, "%s%s", r->out, r->err);
	cr_expect_str_eq(r->out, "");
}

Test(who, waits_until_a_udp_socket_is_closed)
{
	const char *port = reserve_port();
	char udp[32];
	struct run *server, *r;

	(void)snprintf(udp, sizeof(udp), "udp:%s", port);
	server = START(GUEST("fixedport"), udp);
	story_says(server, "ready");
	story_line(who(port, 0)->out, "udp 0.0.0.0:%s *", port);
	r = START(PORTLEASE, "who", "--wait", "10m", port);
	story_signal(server, SIGKILL);
	story_end(r);
	cr_expect_eq(WEXITSTATUS(r->status), 1, "%s%s", r->out, r->err);
}

Test(who, still_holds_it_when_the_wait_is_over)
{
	const char *port = reserve_port();
	struct run *r;
	long pid;

	(void)serve(port, &pid);
	r = RUN(PORTLEASE, "who", "--wait", "50ms", port);
	cr_expect_eq(r->status, 0);
	story_line(r->out, "tcp 0.0.0.0:%s LISTEN", port);
}

Test(who, refuses_what_is_no_target)
{
	static const char *const bad[] = { "", "0", "x", "1.2.3",
		"1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536", "pid:", "pid:0", "-1",
		"::1", "99999999999" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct run *r = RUN(PORTLEASE, "who", "--", bad[i]);

		cr_expect_eq(WEXITSTATUS(r->status), 125, "'%s'", bad[i]);
		cr_expect_eq(story_count(r->err, "\n"), 1, "%s", r->err);
	}
	cr_expect_eq(WEXITSTATUS(RUN(PORTLEASE, "who")->status), 125);
	cr_expect_eq(WEXITSTATUS(RUN(PORTLEASE, "who", "1", "2")->status), 125);
	cr_expect_eq(
	    WEXITSTATUS(RUN(PORTLEASE, "who", "pid:4194304")->status), 125);
}

Test(who, an_ordinary_user_is_told_what_cannot_be_seen)
{
	const char *port = reserve_port();
	struct run *r;
	long pid;

	story_need_two_users();
	(void)serve(port, &pid);
	r = RUN(AS_NOBODY, PORTLEASE, "who", port);
	cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
	story_line(r->out, "  held by no process that can be seen");
	story_line(r->out, "    why: it was made by user 0, and some *");
}

Test(who, without_sock_diag_is_an_error)
{
	struct run *r = RUN(GUEST("nonetlink"), PORTLEASE, "who", "1");

	cr_expect_eq(WEXITSTATUS(r->status), 125);
	cr_expect_eq(story_count(r->err, "\n"), 1, "%s", r->err);
}

/* A command line may hold what a terminal would obey. */
Test(who, a_command_line_cannot_write_to_the_terminal)
{
	const char *port = reserve_port();
	struct run *server =
	    START(GUEST("fixedport"), "-i", "\033[31m\a\xff", port);

	story_says(server, "ready");
	cr_expect_null(strpbrk(who(port, 0)->out, "\033\a\xff"));
}
