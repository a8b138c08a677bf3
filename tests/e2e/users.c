/* SPDX-License-Identifier: ISC */
/*
 * Not only root: an ordinary user leases as well, beside root and apart from
 * it, and what root starts as another user stays in root's lease.  Stories
 * that need two users are skipped by those who are one.
 */
#include "reserve.h"
#include "story.h"
#include "witness.h"

#include <sys/wait.h>

#include <criterion/criterion.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

STORIES(users);

static void
expect_clean_end(struct run *r)
{
	story_signal(r, SIGTERM);
	cr_expect_eq(story_end(r), 0, "%s", r->err);
	story_left_nothing();
}

Test(users, an_ordinary_user_has_a_lease_from_start_to_end)
{
	struct run *server, *client;
	const char *ip;
	struct sockets s;
	long pid;

	story_need_two_users();
	story_give(NOBODY);
	server = START(AS_NOBODY, PORTLEASE, "run", "-v", TELL_IP,
	    GUEST("fixedport"), "-i", "ordinary");
	ip = story_ip(server);
	pid = story_number(story_says(server, "ready"), "pid ");
	s = witness_slice((pid_t)pid, ip);
	cr_expect_eq(s.inside, 5);
	cr_expect_eq(s.outside, 0, "%s", s.strays);
	client = RUN(
	    AS_NOBODY, PORTLEASE, "exec", GUEST("client"), "localhost", "9925");
	story_line(client->out, "ordinary pid * at * peer *127.0.0.1 *");
	story_signal(server, SIGTERM);
	cr_expect_eq(story_end(server), 0, "%s", server->err);
	story_freed(server->err, ip);
	cr_expect_null(strstr(RUN(AS_NOBODY, PORTLEASE, "ps")->out, "127."));
}

Test(users, an_ordinary_users_straggler_is_named_and_ended)
{
	struct run *server;

	story_need_two_users();
	story_give(NOBODY);
	server = START(AS_NOBODY, PORTLEASE, "run", "--on-leak", "fail",
	    GUEST("fixedport"), "-x", "sleep 600", "9926", "[::]:9933");
	story_says(server, "ready");
	story_signal(server, SIGTERM);
	story_end(server);
	cr_expect_eq(WEXITSTATUS(server->status), 123, "%s", server->err);
	story_line(server->err,
	    "portlease: 127.*: straggler: pid * (sleep 600), held port "
	    "9926, 9933 (*); ended by SIGTERM");
	story_quiet();
}

Test(users, an_ordinary_user_adopts_an_address)
{
	const char *ip = reserve_address();
	struct run *server, *client;

	story_need_two_users();
	story_give(NOBODY);
	server = START(AS_NOBODY, PORTLEASE, "run", "--ip", ip,
	    GUEST("fixedport"), "-i", "ordinary", "9926");
	story_says(server, "ready");
	client = RUN(GUEST("client"), ip, "9926");
	story_line(client->out, "ordinary pid * at * peer *127.0.0.1 *");
	story_signal(server, SIGTERM);
	cr_expect_eq(story_end(server), 0, "%s", server->err);
}

/* The second state directory belongs to the second user. */
Test(users, two_users_lease_side_by_side)
{
	struct run *one, *two;
	const char *first, *second;

	story_need_two_users();
	one = START(PORTLEASE, "run", TELL_IP, GUEST("fixedport"), "-i", "one");
	first = story_ip(one);
	story_says(one, "ready");
	story_give(NOBODY);
	two = START(AS_NOBODY, PORTLEASE, "run", TELL_IP, GUEST("fixedport"),
	    "-i", "two");
	second = story_ip(two);
	story_says(two, "ready");
	cr_expect_str_neq(first, second);
	story_line(RUN(GUEST("client"), first, "9926")->out,
	    "one pid * at * peer *127.0.0.1 *");
	story_line(RUN(GUEST("client"), second, "9926")->out,
	    "two pid * at * peer *127.0.0.1 *");
}

Test(users, a_tenant_of_another_user_is_waited_for)
{
	const char *ip = reserve_address();
	struct run *one, *two;

	story_need_two_users();
	one = START(PORTLEASE, "run", "--ip", ip, GUEST("fixedport"), "9926");
	story_says(one, "ready");
	story_give(NOBODY);
	two = RUN(AS_NOBODY, PORTLEASE, "run", "--ip", ip, "--wait", "100ms",
	    "echo", "ran");
	cr_expect_eq(WEXITSTATUS(two->status), 125, "%s", two->err);
	cr_expect_str_eq(two->out, "");
	story_line(two->err,
	    "portlease: %s: port 9926 is still held by a process that cannot "
	    "be seen",
	    ip);
}

Test(users, a_server_started_as_another_user_stays_in_the_lease)
{
	const char *name;
	struct run *server, *client;
	const char *ip;
	struct sockets s;
	long pid;

	story_need_two_users();
	cr_assert_not_null(getpwuid(NOBODY));
	name = getpwuid(NOBODY)->pw_name;
	server = START(PORTLEASE, "run", TELL_IP, "runuser", "-u", name, "--",
	    GUEST("fixedport"), "-i", "postgres", "9926", "[::]:9933");
	ip = story_ip(server);
	pid = story_number(story_says(server, "ready"), "pid ");
	s = witness_slice((pid_t)pid, ip);
	cr_expect_eq(s.inside, 2);
	cr_expect_eq(s.outside, 0, "%s", s.strays);
	client = RUN(PORTLEASE, "exec", "--lease", ip, GUEST("client"),
	    "localhost", "9926");
	story_line(client->out, "postgres pid * at * peer *127.0.0.1 *");
	story_signal(server, SIGTERM);
	story_end(server);
	story_left_nothing();
}

Test(users, a_command_that_becomes_another_user_is_ended_like_any_other)
{
	struct run *server;

	story_need_two_users();
	server = START(PORTLEASE, "run", AS_NOBODY, GUEST("fixedport"), "9926");
	story_says(server, "ready");
	expect_clean_end(server);
}

Test(users, a_straggler_of_another_user_is_ended_and_named)
{
	struct run *server;

	story_need_two_users();
	server = START(PORTLEASE, "run", "--on-leak", "fail",
	    GUEST("fixedport"), "-x",
	    "setpriv --reuid=65534 --regid=65534 --clear-groups sleep 600",
	    "9926");
	story_says(server, "ready");
	story_signal(server, SIGTERM);
	story_end(server);
	cr_expect_eq(WEXITSTATUS(server->status), 123, "%s", server->err);
	story_line(server->err,
	    "portlease: 127.*: straggler: pid * (sleep 600), held port 9926 "
	    "(*); ended by SIGTERM");
	story_quiet();
}
