/* SPDX-License-Identifier: ISC */
/*
 * The catalogue of leaks: a program for each reason why a socket is still
 * there, and the line of `who` that names it.
 */
#include "reserve.h"
#include "story.h"
#include "witness.h"

#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

STORIES(whys);

#define LEASE(...) START(PORTLEASE, "run", "-g", "1s", TELL_IP, __VA_ARGS__)

/* What `who` says of a port of that lease, or with ip NULL of the port. */
static const char *
ask(const char *ip, const char *port)
{
	return RUN(PORTLEASE, "who", ip != NULL ? story_at(ip, port) : port)
	    ->out;
}

static long
ready(struct run *r)
{
	return story_number(story_says(r, "ready"), "pid ");
}

Test(whys, a_server_that_is_meant_to_run)
{
	struct run *r = LEASE(GUEST("fixedport"), "9926");
	const char *ip = story_ip(r), *text;
	long pid = ready(r);

	text = ask(ip, "9926");
	story_line(text, "    why: its process runs, and nothing says *");
	story_line(text, "    do:  end pid %ld to free it", pid);
	cr_expect_eq(story_count(text, "why:"), 1, "%s", text);
}

Test(whys, inherited_through_exec_because_the_listener_lacks_cloexec)
{
	struct run *r = LEASE(GUEST("fixedport"), "-x", "sleep 600", "9926");
	const char *ip = story_ip(r);
	long child = story_number(story_says(r, "child"), "child ");
	long pid = ready(r);

	story_line(ask(ip, "9926"),
	    "    why: pid %ld inherited it through exec from pid %ld "
	    "(*fixedport *), which opened it without SOCK_CLOEXEC",
	    child, pid);
}

/* The opener is gone: only the record knows it. */
Test(whys, inherited_through_exec_from_a_process_that_is_gone)
{
	struct run *r = LEASE("sh", "-c",
	    GUEST("fixedport") " -t 0 -x 'sleep 600' 9926 & read x");
	const char *ip = story_ip(r);
	long child = story_number(story_says(r, "child"), "child ");
	long pid = ready(r);

	story_signal_pid((pid_t)pid, SIGKILL);
	story_gone((pid_t)pid);
	story_line(ask(ip, "9926"),
	    "    why: pid %ld inherited it through exec from pid %ld "
	    "(*/fixedport), which opened it without SOCK_CLOEXEC",
	    child, pid);
}

Test(whys, inherited_through_exec_without_a_lease)
{
	const char *port = reserve_port();
	struct run *r = START(GUEST("fixedport"), "-x", "sleep 600", port);
	long child = story_number(story_says(r, "child"), "child ");
	long pid = ready(r);

	story_line(ask(NULL, port),
	    "    why: pid %ld inherited it through exec from pid %ld *", child,
	    pid);
}

Test(whys, a_fork_that_outlives_its_parent)
{
	struct run *r = LEASE(
	    "sh", "-c", GUEST("tenant") " -c -l 1 9926; echo over; read x");
	const char *ip = story_ip(r), *text;

	story_says(r, "over");
	text = ask(ip, "9926");
	story_line(text,
	    "    why: pid * inherited it by fork from pid * (*/tenant), which "
	    "has exited");
	cr_expect_null(strstr(text, "SIGTERM"), "%s", text);
}

static bool
has_child(const void *pid)
{
	return witness_child(*(const pid_t *)pid, 0) != 0;
}

Test(whys, a_fork_that_shares_with_its_parent)
{
	struct run *r = LEASE(
	    "sh", "-c", "echo ready pid $$; exec " GUEST("tenant") " -c 9926");
	const char *ip = story_ip(r);
	pid_t pid = (pid_t)ready(r);

	story_until(has_child, &pid);
	story_line(ask(ip, "9926"),
	    "    why: pid %d shares it with pid %d (*tenant *), of which it "
	    "is a fork",
	    witness_child(pid, 0), pid);
}

Test(whys, a_worker_that_ignores_sigterm)
{
	struct run *r =
	    LEASE("sh", "-c", "trap '' TERM; exec " GUEST("fixedport") " 9926");
	const char *ip = story_ip(r), *text;
	long pid = ready(r);

	text = ask(ip, "9926");
	story_line(text, "    why: pid %ld ignores SIGTERM", pid);
	story_line(text, "    do:  kill -KILL %ld", pid);
}

Test(whys, a_daemon_that_left_its_session)
{
	struct run *r = LEASE(
	    "sh", "-c", GUEST("detach") " " GUEST("fixedport") " 9926; read x");
	const char *ip = story_ip(r);
	long pid = ready(r);

	story_line(ask(ip, "9926"),
	    "    why: pid %ld is a daemon: it has left its parent and its "
	    "session",
	    pid);
}

Test(whys, a_thread_that_outlives_its_leader)
{
	struct run *r = LEASE(GUEST("headless"), "9926");
	const char *ip = story_ip(r), *text;
	long pid = ready(r);

	text = ask(ip, "9926");
	story_line(text,
	    "    why: the main thread of pid %ld has exited and looks like a "
	    "zombie, but another thread lives",
	    pid);
}

Test(whys, received_by_a_process_outside)
{
	const char *path = story_path("stranger"), *ip;
	struct run *stranger = START(GUEST("stranger"), path), *r;
	long pid = ready(stranger);

	r = LEASE("sh", "-c", GUEST("smuggle") " 9926 \"$0\"; read x", path);
	ip = story_ip(r);
	story_says(stranger, "taken");
	story_line(ask(ip, "9926"),
	    "    why: passed on to pid %ld (SCM_RIGHTS) after pid * "
	    "(*/smuggle) had opened it",
	    pid);
	story_signal(stranger, SIGKILL);
	story_end(stranger);
}

/* As root: other users' processes may hold it otherwise. */
Test(whys, in_flight_in_a_message_that_nobody_has_read)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *path = story_path("stranger"), *ip, *text;
	struct run *r;

	(void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	cr_assert_eq(listen(fd, 1), 0);
	r = LEASE("sh", "-c",
	    GUEST("smuggle") " 9926 \"$0\"; echo over; read x", path);
	ip = story_ip(r);
	story_says(r, "over");
	text = ask(ip, "9926");
	story_line(text, "  opened by pid * (*/smuggle) with bind, *");
	story_line(text, "  held by no process that can be seen");
	if (geteuid() == 0)
		story_line(text, "    why: no *(SCM_RIGHTS)*");
	close(fd);
}

Test(whys, an_accept_in_flight_in_an_io_uring)
{
	struct run *r = LEASE(GUEST("ring"), "-c", "9926");
	const char *ip = story_ip(r), *text;

	if (strncmp(story_says(r, "re"), "refused", 7) == 0)
		story_skip("this kernel or sandbox refuses io_uring_setup");
	text = ask(ip, "9926");
	story_line(text, "  held by no process that can be seen");
	if (geteuid() == 0)
		story_line(text, "    why: no descriptor *io_uring*");
}

Test(whys, a_stopped_process)
{
	struct run *r = LEASE(GUEST("fixedport"), "9926");
	const char *ip = story_ip(r);
	long pid = ready(r);

	story_signal_pid((pid_t)pid, SIGSTOP);
	while (witness_state((pid_t)pid) != 'T')
		continue;
	story_line(ask(ip, "9926"),
	    "    why: pid %ld is stopped; all signals but SIGKILL wait for "
	    "SIGCONT",
	    pid);
}

Test(whys, a_process_that_its_tracer_stopped)
{
	const char *port = reserve_port();
	struct run *r = START(GUEST("fixedport"), port);
	pid_t pid = (pid_t)ready(r);

	if (ptrace(PTRACE_SEIZE, pid, 0, 0) == -1 ||
	    ptrace(PTRACE_INTERRUPT, pid, 0, 0) == -1)
		story_skip("ptrace is refused");
	while (witness_state(pid) != 't')
		continue;
	story_line(ask(NULL, port),
	    "    why: pid %d is stopped by its tracer, pid %d", pid, getpid());
	(void)ptrace(PTRACE_DETACH, pid, 0, SIGKILL);
}

Test(whys, a_process_in_state_d)
{
	struct run *r = LEASE(GUEST("vforked"), "9926");
	const char *ip = story_ip(r);
	long pid = ready(r);

	while (witness_state((pid_t)pid) != 'D')
		continue;
	story_line(ask(ip, "9926"),
	    "    why: pid %ld waits inside the kernel (state D), where no "
	    "signal reaches it",
	    pid);
}

/* A connection on that port: the ends of server and client. */
struct ends {
	int listener, server, client;
};

static struct ends
connect_ends(const char *port, bool reuse)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct ends e = { .listener =
			      socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	int on = reuse;

	(void)setsockopt(e.listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	cr_assert_eq(bind(e.listener, (struct sockaddr *)&in, sizeof(in)), 0);
	cr_assert_eq(listen(e.listener, 1), 0);
	e.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(connect(e.client, (struct sockaddr *)&in, sizeof(in)), 0);
	e.server = accept4(e.listener, NULL, NULL, SOCK_CLOEXEC);
	cr_assert_neq(e.server, -1);
	return e;
}

/* The server closes first, and its end is left in TIME_WAIT. */
static void
leave_time_wait(const char *port, bool reuse)
{
	struct ends e = connect_ends(port, reuse);

	(void)close(e.server);
	(void)close(e.client);
	(void)close(e.listener);
}

Test(whys, a_time_wait_that_blocks_every_bind)
{
	const char *port = reserve_port(), *text;

	leave_time_wait(port, false);
	text = ask(NULL, port);
	story_line(text, "tcp 127.0.0.1:%s TIME_WAIT, peer 127.0.0.1:*", port);
	story_line(text,
	    "    why: closed; the kernel keeps the connection with "
	    "127.0.0.1:* for [0-9]* s; until then every bind fails, *");
}

Test(whys, a_time_wait_that_blocks_binds_without_reuseaddr)
{
	const char *port = reserve_port();

	leave_time_wait(port, true);
	story_line(ask(NULL, port),
	    "    why: closed; *for [0-9]* s; until then a bind without "
	    "SO_REUSEADDR fails");
}

Test(whys, a_client_that_keeps_its_end_and_the_server_that_closed)
{
	const char *port = reserve_port(), *text;
	struct ends e = connect_ends(port, true);

	(void)close(e.server);
	(void)close(e.listener);
	text = ask(NULL, port);
	story_line(text, "tcp 127.0.0.1:%s FIN_WAIT2, peer *", port);
	story_line(text,
	    "    why: closed here, but 127.0.0.1:* of pid %d (*) keeps "
	    "its end open",
	    getpid());
	(void)close(e.client);
}

Test(whys, a_server_that_does_not_close_what_its_client_has)
{
	const char *port = reserve_port();
	struct ends e = connect_ends(port, true);

	(void)close(e.client);
	(void)close(e.listener);
	story_line(ask(NULL, port),
	    "    why: 127.0.0.1:* has closed the connection, pid %d has not",
	    getpid());
	(void)close(e.server);
}

Test(whys, a_server_in_another_network_namespace)
{
	const char *port = reserve_port();
	struct run *r, *w;
	long pid;

	if (geteuid() != 0)
		story_skip("only root enters the namespaces of others");
	r = START("unshare", "-n", GUEST("fixedport"), port);
	pid = ready(r);
	w = RUN(PORTLEASE, "who", port);
	cr_expect_eq(WEXITSTATUS(w->status), 1, "%s%s", w->out, w->err);
	story_line(w->out, "  held by pid %ld (*", pid);
	story_line(w->out,
	    "    why: it is in another network namespace, and blocks nothing "
	    "in this one");
}

Test(whys, a_stranger_on_a_wildcard)
{
	const char *port = reserve_port(), *ip;
	struct run *r = LEASE(GUEST("fixedport"), "9926"), *stranger;
	long pid;

	ip = story_ip(r);
	(void)ready(r);
	stranger = START(GUEST("fixedport"), port);
	pid = ready(stranger);
	story_line(ask(ip, port), "    why: a server outside all leases, *");
	story_line(ask(NULL, port), "    do:  stop pid %ld, or bind *", pid);
}

Test(whys, two_servers_of_a_lease_share_a_port)
{
	struct run *r = LEASE("sh", "-c",
	    GUEST("fixedport") " 9926 & " GUEST("fixedport") " 9926");
	const char *ip = story_ip(r), *text;

	(void)ready(r);
	(void)ready(r);
	text = ask(ip, "9926");
	cr_expect_eq(
	    story_count(text, "gets 1/2 of the connections"), 2, "%s", text);
	cr_expect_null(strstr(text, "STRANGERS"), "%s", text);
}

Test(whys, strangers_share_a_port)
{
	const char *port = reserve_port(), *text;

	(void)ready(START("sh", "-c", GUEST("fixedport") " $0 & wait", port));
	(void)ready(START("sh", "-c", GUEST("fixedport") " $0 & wait", port));
	text = ask(NULL, port);
	cr_expect_eq(story_count(text,
			 "SO_REUSEPORT: 1 socket OF STRANGERS listen here, "
			 "too; this one gets 1/2 of the connections"),
	    2, "%s", text);
}
