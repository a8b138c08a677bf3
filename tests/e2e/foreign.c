/* SPDX-License-Identifier: ISC */
/*
 * Strangers on a wildcard address: who has a declared port there keeps every
 * lease from it, and is named.  The stranger is the test itself, or, on the
 * port of the locks, a server in a network namespace of its own.
 */
#include "lost.h"
#include "reserve.h"
#include "story.h"

#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

STORIES(foreign);

enum { REUSE = 1, LISTENS = 2, V6ONLY = 4 };

/* A socket of ours on a wildcard address. */
static int
stranger(int family, int type, const char *port, unsigned int how)
{
	uint16_t number = htons((uint16_t)atoi(port));
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6,
		.sin6_port = number };
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = number };
	int fd = socket(family, type | SOCK_CLOEXEC, 0), on = 1;

	cr_assert_neq(fd, -1);
	if (how & REUSE)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (how & V6ONLY)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	cr_assert_eq(family == AF_INET
			 ? bind(fd, (struct sockaddr *)&sin, sizeof(sin))
			 : bind(fd, (struct sockaddr *)&sin6, sizeof(sin6)),
	    0);
	if (how & LISTENS)
		cr_assert_eq(listen(fd, 1), 0);
	return fd;
}

/* Linux shows who is bound without listening since 6.8. */
static void
need_bound_sockets(void)
{
	struct utsname system;
	int major = 0, minor = 0;

	uname(&system);
	(void)sscanf(system.release, "%d.%d", &major, &minor);
	if (major < 6 || (major == 6 && minor < 8))
		story_skip("Linux %s shows no bound sockets", system.release);
}

/* With and without an address of our own choice. */
static void
expect_named(const char *port, const char *words)
{
	const struct run *runs[] = {
		RUN(PORTLEASE, "run", "-p", port, "echo", "ran"),
		RUN(PORTLEASE, "run", "-p", port, "--ip", reserve_address(),
		    "--wait", "10s", "echo", "ran"),
	};

	for (size_t i = 0; i < 2; i++) {
		cr_expect_eq(
		    WEXITSTATUS(runs[i]->status), 125, "%s", runs[i]->err);
		cr_expect_str_eq(runs[i]->out, "");
		cr_expect_eq(
		    story_count(runs[i]->err, "\n"), 1, "%s", runs[i]->err);
		story_line(runs[i]->err,
		    "portlease: %s %s is taken on every address by pid %d (*): "
		    "end it, or leave the port out of --ports",
		    words, port, (int)getpid());
	}
	story_left_nothing();
}

static void
expect_no_matter(const char *port)
{
	const struct run *r = RUN(PORTLEASE, "run", "-p", port, "echo", "ran");

	cr_expect_eq(r->status, 0, "%s", r->err);
	cr_expect_str_eq(r->out, "ran\n");
}

Test(foreign, a_listener_on_a_declared_port_is_named)
{
	const char *port = reserve_port();

	stranger(AF_INET6, SOCK_STREAM, port, REUSE | LISTENS);
	expect_named(port, "port");
}

Test(foreign, a_udp_server_on_a_declared_port_is_named)
{
	const char *port = reserve_port();

	stranger(AF_INET, SOCK_DGRAM, port, 0);
	expect_named(port, "UDP port");
}

Test(foreign, so_is_a_udp_server_that_would_share_it)
{
	const char *port = reserve_port();

	stranger(AF_INET6, SOCK_DGRAM, port, REUSE);
	expect_named(port, "UDP port");
}

Test(foreign, who_is_bound_and_does_not_listen_is_named)
{
	const char *port = reserve_port();

	need_bound_sockets();
	stranger(AF_INET, SOCK_STREAM, port, 0);
	expect_named(port, "port");
}

Test(foreign, so_is_one_that_is_about_to_listen)
{
	const char *port = reserve_port();

	need_bound_sockets();
	stranger(AF_INET6, SOCK_STREAM, port, REUSE);
	expect_named(port, "port");
}

Test(foreign, who_is_on_another_port_or_family_is_no_matter)
{
	const char *port = reserve_port();

	stranger(AF_INET, SOCK_DGRAM, reserve_port(), 0);
	stranger(AF_INET6, SOCK_STREAM, port, LISTENS | V6ONLY);
	stranger(AF_INET6, SOCK_DGRAM, port, V6ONLY);
	expect_no_matter(port);
}

/* What comes while a lease lives is not the lease's. */
Test(foreign, who_comes_later_keeps_no_lease_from_its_end)
{
	const char *port = reserve_port();
	struct run *r;

	need_bound_sockets();
	r = START(PORTLEASE, "run", "-v", "-p", port, "sh", "-c",
	    "echo ready; read line");
	story_says(r, "ready");
	stranger(AF_INET, SOCK_STREAM, port, 0);
	stranger(AF_INET, SOCK_DGRAM, port, 0);
	story_tell(r, "end\n");
	cr_expect_eq(story_end(r), 0, "%s", r->err);
	story_line(
	    r->err, "portlease: 127.*: CLEAN: no process and no socket left");
	story_left_nothing();
}

/* A native server of somebody else's: its pid, once it listens. */
static struct run *
server(const char *where)
{
	struct run *r = START(GUEST("fixedport"), "-i", "stranger", where);

	story_says(r, "ready");
	return r;
}

static void
expect_alive(struct run *r)
{
	cr_expect_not(r->ended);
	cr_expect_eq(kill(r->pid, 0), 0);
	story_signal(r, SIGTERM);
	cr_expect_eq(story_end(r), 0, "%s", r->err);
}

/* A lease for a script, which asks for the end of it when it is told to. */
#define SCRIPT(port, command)                                                  \
	START("sh", "-c",                                                      \
	    "eval \"$(" PORTLEASE " acquire -v --on-leak fail -p $0)\"; "      \
	    "echo ip $PORTLEASE_IP; " command "; read line; " PORTLEASE        \
	    " release; echo status=$?; read line",                             \
	    port)

Test(foreign, who_comes_later_keeps_no_release_from_its_end)
{
	static const char *const wildcards[] = { "0.0.0.0", "[::]" };
	struct run *script, *late;
	const char *port;

	for (size_t i = 0; i < 2; i++) {
		port = reserve_port();
		script = SCRIPT(port, ":");
		story_ip(script);
		late = server(story_at(wildcards[i], port));
		story_tell(script, "release\n");
		story_says(script, "status=0");
		story_line(script->err,
		    "portlease: 127.*: CLEAN: no process and no socket left");
		expect_alive(late);
		story_tell(script, "end\n");
		story_end(script);
	}
	story_left_nothing();
}

Test(foreign, nor_a_reaper)
{
	const char *port = reserve_port(), *ip;
	struct run *script = SCRIPT(port, ":"), *late, *r;

	ip = story_ip(script);
	late = server(story_at("0.0.0.0", port));
	lost_kill();
	r = RUN(PORTLEASE, "reap", ip);
	cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
	story_line(r->out, "127.*: CLEAN: no process and no socket left");
	expect_alive(late);
	story_tell(script, "release\n");
	story_tell(script, "end\n");
	story_end(script);
	story_left_nothing();
}

/* Its parent has the lease; it has none of it, and wants none. */
Test(foreign, a_native_server_of_the_script_is_not_ended_with_its_lease)
{
	const char *port = reserve_port();
	struct run *script = SCRIPT(port,
	    "(unset LD_PRELOAD PORTLEASE_RECORD PORTLEASE_TERMS PORTLEASE_IP; "
	    "exec " GUEST("fixedport") " 0.0.0.0:$0) & :");
	pid_t native = (pid_t)story_number(story_says(script, "ready"), "pid ");

	story_tell(script, "release\n");
	story_says(script, "status=0");
	story_line(script->err,
	    "portlease: 127.*: CLEAN: no process and no socket left");
	cr_expect_null(strstr(script->err, "straggler"), "%s", script->err);
	cr_expect_eq(kill(native, 0), 0);
	story_signal_pid(native, SIGTERM);
	story_gone(native);
	story_tell(script, "end\n");
	story_end(script);
	story_left_nothing();
}

/* In a network namespace, so that nobody else's leases are in the way. */
static struct run *
beside_server(const char *where, const char *command)
{
	char script[1024];
	struct run *r;

	(void)snprintf(script, sizeof(script),
	    "ip link set lo up || exit 77\n"
	    "mkfifo \"$0\"\n" GUEST("fixedport") " %s >\"$0\" &\n"
						 "read ready <\"$0\"\n"
						 "echo server $!\n" PORTLEASE
						 " run %s echo ran\n"
						 "kill $!",
	    where, command);
	r = RUN("unshare", geteuid() == 0 ? "-n" : "-rn", "sh", "-c", script,
	    story_path("fifo"));
	if (strstr(r->err, "unshare:") != NULL)
		story_skip("no network namespace: %s", r->err);
	cr_expect_null(strstr(r->out, "ran"), "%s", r->out);
	cr_expect_eq(story_number(r->err, "by pid "),
	    story_number(r->out, "server "), "%s%s", r->out, r->err);
	return r;
}

Test(foreign, who_has_the_port_of_the_locks_is_named)
{
	story_has(beside_server("28255", "")->err,
	    "port 28255, which portlease needs, is taken on every address");
}

Test(foreign, who_has_it_is_named_to_who_adopts_an_address)
{
	story_has(beside_server("28255", "--ip 127.0.0.9 --wait 100ms")->err,
	    "port 28255, which portlease needs, is taken on every address");
}

Test(foreign, who_has_it_on_the_adopted_address_is_named)
{
	story_has(
	    beside_server("127.0.0.9:28255", "--ip 127.0.0.9 --wait 100ms")
		->err,
	    "port 28255, which portlease needs, is taken by pid");
}

/* See badinput.c for run; acquire tells the shell, too. */
Test(foreign, who_acquires_may_not_declare_it_on_an_adopted_address)
{
	const struct run *r = RUN(PORTLEASE, "acquire", "-p", "28000-29000",
	    "--ip", reserve_address());

	cr_expect_eq(WEXITSTATUS(r->status), 125);
	story_has(r->err, "port 28255");
}

/* Where the lock is not on the leased address. */
Test(foreign, the_port_of_the_locks_may_be_declared_in_a_slice)
{
	struct run *server = START(PORTLEASE, "run", "-p", "28255", TELL_IP,
	    GUEST("fixedport"), "-i", "ours", "28255");
	const char *ip = story_ip(server);

	story_says(server, "ready");
	story_has(RUN(GUEST("client"), ip, "28255")->out, "ours");
}

Test(foreign, another_lease_is_not_taken_for_one)
{
	const char *ip = reserve_address();
	struct run *r;

	story_says(
	    START(PORTLEASE, "run", "--ip", ip, GUEST("fixedport")), "ready");
	r = RUN(PORTLEASE, "run", "--ip", ip, "--wait", "100ms", "true");
	story_has(r->err, ip, "still held by pid ");
}
