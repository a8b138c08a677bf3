/* SPDX-License-Identifier: ISC */
/*
 * portlease run and exec as a user lives through them: fixed ports that do
 * not collide, clients that find their own server, an end that is an end.
 */
#include "reserve.h"
#include "story.h"
#include "witness.h"

#include <sys/wait.h>

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

STORIES(run);

static const char *const harpers[] = { "9925", "9926", "1883", "8883" };

static void
expect_answer(const struct run *client, const char *id)
{
	cr_expect_eq(client->status, 0, "%s", client->err);
	cr_expect_eq(strncmp(client->out, id, strlen(id)), 0,
	    "%s was answered by: %s", id, client->out);
}

Test(run, two_servers_share_their_ports_and_each_answers_its_own_clients)
{
	static const char *const ids[] = { "one", "two" };
	struct run *servers[2];
	const char *ips[2];
	size_t i, port;

	for (i = 0; i < 2; i++) {
		servers[i] = START(PORTLEASE, "run", TELL_IP,
		    GUEST("fixedport"), "-i", ids[i]);
		ips[i] = story_ip(servers[i]);
		story_says(servers[i], "ready");
	}
	cr_assert_str_neq(ips[0], ips[1]);
	for (i = 0; i < 2; i++) {
		expect_answer(RUN(PORTLEASE, "exec", "--lease", ips[i],
				  GUEST("client"), "localhost", "9925"),
		    ids[i]);
		expect_answer(RUN(PORTLEASE, "exec", "--lease", ips[i], "--",
				  GUEST("client"), "127.0.0.1", "9926"),
		    ids[i]);
		expect_answer(RUN(PORTLEASE, "exec", "--lease", ips[i], "--",
				  GUEST("client"), "::1", "9933"),
		    ids[i]);
		for (port = 0; port < 4; port++)
			expect_answer(
			    RUN(GUEST("client"), ips[i], harpers[port]),
			    ids[i]);
		expect_answer(RUN(GUEST("client"), ips[i], "9933"), ids[i]);
	}
}

Test(run, a_client_inside_the_lease_and_its_server_see_localhost)
{
	struct run *server = START(PORTLEASE, "run", GUEST("fixedport"));
	struct run *client;

	story_says(server, "ready");
	client = RUN(PORTLEASE, "exec", GUEST("client"), "127.0.0.1", "9926");
	story_line(client->out, "* at 127.0.0.1 9926 peer 127.0.0.1 *");
}

Test(run, no_socket_of_the_server_lies_outside_its_slice)
{
	struct run *server = START(PORTLEASE, "run", TELL_IP,
	    GUEST("fixedport"), "9926", "127.0.0.5:9925", "127.0.0.1:0",
	    "[::]:9933", "[::1]:9927", "[::]:0");
	const char *ip = story_ip(server);
	const char *ready = story_says(server, "ready");
	struct sockets s;

	s = witness_slice((pid_t)story_number(ready, "pid "), ip);
	cr_expect_eq(s.inside, 6);
	cr_expect_eq(s.outside, 0, "%s", s.strays);
}

Test(run, sigterm_ends_the_server_gracefully_and_frees_the_address)
{
	const char *marker = story_path("flushed");
	struct run *server = START(PORTLEASE, "run", "-v", TELL_IP,
	    GUEST("fixedport"), "-t", "100", "-m", marker);
	const char *ip = story_ip(server);

	story_says(server, "ready");
	cr_expect_not_null(strstr(RUN(PORTLEASE, "ps")->out, ip));
	story_signal(server, SIGTERM);
	cr_expect_eq(story_end(server), 0, "%s", server->err);
	cr_expect_eq(access(marker, F_OK), 0);
	story_freed(server->err, ip);
	story_left_nothing();
}

Test(run, says_what_was_leased_and_what_became_of_it)
{
	struct run *r = RUN(PORTLEASE, "run", "-v", "--", "true");

	cr_expect_eq(r->status, 0);
	cr_expect_str_eq(r->out, "");
	story_line(r->err, "portlease: 127.*: leased; record /*/127.*");
	story_line(
	    r->err, "portlease: 127.*: CLEAN: no process and no socket left");
	cr_expect_eq(story_count(r->err, "\n"), 2, "%s", r->err);
}

Test(run, says_nothing_when_there_is_nothing_to_say)
{
	struct run *r = RUN(PORTLEASE, "run", "echo", "hello");

	cr_expect_eq(r->status, 0);
	cr_expect_str_eq(r->out, "hello\n");
	cr_expect_str_eq(r->err, "");
}

Test(run, stdin_and_arguments_are_the_commands_own)
{
	struct run *r = START(PORTLEASE, "run", "--", "sh", "-c",
	    "read line; echo \"$line $*\"", "sh", "-v", "--ip", "--", "a  b");

	story_tell(r, "from stdin\n");
	cr_expect_eq(story_end(r), 0, "%s", r->err);
	cr_expect_str_eq(r->out, "from stdin -v --ip -- a  b\n");
}

Test(run, the_environment_tells_clients_outside_where_to_go)
{
	struct run *r = RUN(PORTLEASE, "run", "sh", "-c", "echo $PORTLEASE_IP");
	long second = story_number(r->out, "127.");

	cr_expect(second >= 64 && second < 128, "%s", r->out);
	cr_expect_not_null(strstr(r->out, ".1\n"), "%s", r->out);
}

/* As make install leaves it, below any prefix. */
Test(run, finds_its_shim_where_it_was_installed)
{
	const char *prefix = story_path("prefix");
	struct run *r = RUN("sh", "-ec",
	    "mkdir -p $0/bin $0/lib/portlease; cp " PORTLEASE " $0/bin/; "
	    "cp " BUILD_DIR "/libportlease.so $0/lib/portlease/; "
	    "$0/bin/portlease run sh -c 'echo \"$LD_PRELOAD\"'",
	    prefix);

	cr_expect_eq(r->status, 0, "%s", r->err);
	story_has(r->out, prefix, "/lib/portlease/libportlease.so");
}

Test(run, a_preload_of_the_users_own_stays)
{
	struct run *r;

	setenv("LD_PRELOAD", "libm.so.6", 1);
	r = RUN(PORTLEASE, "run", "sh", "-c", "echo \"$LD_PRELOAD\"");
	unsetenv("LD_PRELOAD");
	cr_expect_not_null(strstr(r->out, "libportlease.so"), "%s", r->out);
	cr_expect_not_null(strstr(r->out, "libm.so.6"), "%s", r->out);
}

Test(run, other_ports_than_harpers_can_be_declared)
{
	struct run *server =
	    START(PORTLEASE, "run", "-p", "7001-7003,7010", TELL_IP,
		GUEST("fixedport"), "-i", "seven", "7001", "7003", "[::]:7010");
	const char *ip = story_ip(server);

	story_says(server, "ready");
	expect_answer(
	    RUN(PORTLEASE, "exec", GUEST("client"), "localhost", "7001"),
	    "seven");
	expect_answer(RUN(GUEST("client"), ip, "7010"), "seven");
}

Test(run, what_the_lease_does_not_own_stays_reachable)
{
	const char *port = reserve_port();
	struct run *server = START(GUEST("fixedport"), "-i", "native", port);

	story_says(server, "ready");
	expect_answer(RUN(PORTLEASE, "run", GUEST("client"), "127.0.0.1", port),
	    "native");
	expect_answer(RUN(PORTLEASE, "run", GUEST("client"), "localhost", port),
	    "native");
}

Test(run, a_declared_port_is_refused_rather_than_answered_by_a_stranger)
{
	const char *port = reserve_port();
	char where[32] = "127.0.0.1:";
	struct run *server, *client;

	strcat(where, port);
	server = START(GUEST("fixedport"), "-i", "stranger", where);
	story_says(server, "ready");
	client = RUN(
	    PORTLEASE, "run", "-p", port, GUEST("client"), "localhost", port);
	cr_expect_eq(WEXITSTATUS(client->status), 1, "%s", client->out);
	cr_expect_str_eq(client->out, "");
}

Test(run, a_stranger_on_every_address_is_named)
{
	const char *port = reserve_port();
	struct run *server = START(GUEST("fixedport"), port);
	long pid = story_number(story_says(server, "ready"), "pid ");
	struct run *r = RUN(PORTLEASE, "run", "-p", port, "echo", "ran");

	cr_expect_eq(WEXITSTATUS(r->status), 125);
	cr_expect_str_eq(r->out, "");
	cr_expect_eq(story_count(r->err, "\n"), 1, "%s", r->err);
	story_line(r->err,
	    "portlease: port %s is taken on every address by pid %ld (*): *",
	    port, pid);
	story_nothing_leased();
}

Test(run, a_server_that_restarts_itself_keeps_its_lease_until_tree)
{
	struct run *server = START(PORTLEASE, "run", "--until", "tree", TELL_IP,
	    GUEST("fixedport"), "-i", "phoenix", "9926", "[::]:9933");
	const char *ip = story_ip(server);
	pid_t first, second;
	struct sockets s;

	first = (pid_t)story_number(story_says(server, "ready"), "pid ");
	story_signal_pid(first, SIGUSR1);
	second = (pid_t)story_number(story_says(server, "ready"), "pid ");
	cr_assert_neq(first, second);
	s = witness_slice(second, ip);
	cr_expect_eq(s.inside, 2);
	cr_expect_eq(s.outside, 0, "%s", s.strays);
	expect_answer(RUN(PORTLEASE, "exec", "--lease", ip, GUEST("client"),
			  "127.0.0.1", "9926"),
	    "phoenix");
	expect_answer(RUN(GUEST("client"), ip, "9933"), "phoenix");
	cr_expect_not_null(strstr(RUN(PORTLEASE, "ps")->out, ip));
	cr_expect_not(server->ended);
	story_signal(server, SIGTERM);
	story_end(server);
	story_left_nothing();
}

Test(run, a_daemon_is_waited_for_until_tree)
{
	struct run *r = START(PORTLEASE, "run", "--until", "tree",
	    GUEST("detach"), GUEST("fixedport"), "-i", "daemon", "9926");

	story_says(r, "ready");
	expect_answer(
	    RUN(PORTLEASE, "exec", GUEST("client"), "localhost", "9926"),
	    "daemon");
	story_signal(r, SIGTERM);
	cr_expect_eq(story_end(r), 0, "%s", r->err);
	story_quiet();
}

Test(run, children_with_an_empty_environment_stay_in_the_lease)
{
	struct run *server = START(PORTLEASE, "run", TELL_IP, GUEST("bare"),
	    GUEST("fixedport"), "-i", "bare", "9926");
	const char *ip = story_ip(server);
	struct sockets s;

	s = witness_slice(
	    (pid_t)story_number(story_says(server, "ready"), "pid "), ip);
	cr_expect_eq(s.inside, 1);
	cr_expect_eq(s.outside, 0, "%s", s.strays);
	expect_answer(RUN(GUEST("client"), ip, "9926"), "bare");
}

Test(run, a_lease_inside_a_lease_has_an_address_of_its_own)
{
	struct run *outer = START(PORTLEASE, "run", TELL_IP, PORTLEASE, "run",
	    TELL_IP, GUEST("fixedport"), "-i", "inner", "9926");
	const char *outer_ip = story_ip(outer), *inner_ip = story_ip(outer);

	story_says(outer, "ready");
	cr_expect_str_neq(outer_ip, inner_ip);
	expect_answer(RUN(GUEST("client"), inner_ip, "9926"), "inner");
	cr_expect_eq(
	    WEXITSTATUS(RUN(GUEST("client"), outer_ip, "9926")->status), 1);
	story_signal(outer, SIGTERM);
	cr_expect_eq(story_end(outer), 0, "%s", outer->err);
	story_left_nothing();
}

Test(run, ps_and_show_tell_of_the_lease_as_text_and_json)
{
	struct run *server =
	    START(PORTLEASE, "run", TELL_IP, GUEST("fixedport"), "9926");
	const char *ip = story_ip(server);
	const struct run *r;

	story_says(server, "ready");
	r = RUN(PORTLEASE, "ps", "--json");
	cr_expect_eq(r->status, 0, "%s", r->err);
	story_line(r->out, "*\"address\": \"%s\"*", ip);
	r = RUN(PORTLEASE, "show", ip);
	cr_expect_eq(r->status, 0, "%s", r->err);
	story_line(
	    r->out, "  tcp %s:9926 *LISTEN *; bind 0.0.0.0:9926 by pid *", ip);
	r = RUN(PORTLEASE, "show", "--json", ip);
	cr_expect_eq(r->status, 0, "%s", r->err);
	cr_expect_not_null(strstr(r->out, "9926"), "%s", r->out);
}

Test(run, many_at_once_get_many_addresses)
{
	enum { MANY = 12 };
	struct run *runs[MANY];
	const char *ips[MANY];
	size_t i, j;

	for (i = 0; i < MANY; i++)
		runs[i] = START(PORTLEASE, "run", TELL_IP, GUEST("fixedport"));
	for (i = 0; i < MANY; i++) {
		ips[i] = story_ip(runs[i]);
		for (j = 0; j < i; j++)
			cr_expect_str_neq(ips[i], ips[j]);
	}
	for (i = 0; i < MANY; i++)
		story_says(runs[i], "ready");
	for (i = 0; i < MANY; i++)
		story_signal(runs[i], SIGTERM);
	for (i = 0; i < MANY; i++)
		cr_expect_eq(story_end(runs[i]), 0, "%s", runs[i]->err);
	story_nothing_leased();
}

Test(run, the_runtime_directory_keeps_the_state_of_those_who_name_none)
{
	const char *runtime = story_path("runtime");
	struct run *server, *ps;
	const char *ip;
	char state[160];

	cr_assert_eq(mkdir(runtime, 0700), 0);
	setenv("XDG_RUNTIME_DIR", runtime, 1);
	unsetenv("PORTLEASE_DIR");
	server = START(PORTLEASE, "run", TELL_IP, GUEST("fixedport"));
	ip = story_ip(server);
	ps = RUN(PORTLEASE, "ps");
	cr_expect_eq(ps->status, 0, "%s", ps->err);
	cr_expect_not_null(strstr(ps->out, ip), "%s", ps->out);
	(void)snprintf(state, sizeof(state), "%s/portlease", runtime);
	cr_expect_eq(access(state, F_OK), 0);
}

Test(run, a_copy_of_the_record_can_be_kept)
{
	const char *path = story_path("record");
	struct run *r = RUN(PORTLEASE, "run", "--record", path, "true");
	struct stat st;

	cr_expect_eq(r->status, 0, "%s", r->err);
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_gt(st.st_size, 0);
}
