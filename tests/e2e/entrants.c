/* SPDX-License-Identifier: ISC */
/*
 * Programs that come in by `exec`, or by the variables of `acquire`, are no
 * children of the monitor.  Whatever they do, the lease does not end CLEAN
 * while one of them lives.
 */
#include "lost.h"
#include "story.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

STORIES(entrants);

/* Options of guests/daemon.c, and whether they leave two witnesses. */
static const struct manner {
	const char *options[3];
	bool ended;
} manners[] = {
	{ { NULL }, true },
	{ { "-t" }, true },
	{ { "-b", "9926" }, true },
	{ { "-eb", "9926" }, true },
	{ { "-e" }, false },
};

enum { MANNERS = sizeof(manners) / sizeof(*manners) };

static pid_t
daemon_of(const struct run *r)
{
	long pid = story_number(r->out, "pid ");

	cr_assert_gt(pid, 0, "%s%s", r->out, r->err);
	return (pid_t)pid;
}

/* text is what the end of the lease has said. */
static void
expect_end(const char *text, const char *ip, pid_t pid, const struct manner *m)
{
	if (m->ended) {
		story_line(text, "*%s: straggler: pid %d (*", ip, pid);
		cr_expect_null(strstr(text, "HELD"), "%s", text);
		cr_expect_null(strstr(text, "UNKNOWN"), "%s", text);
		story_gone(pid);
		return;
	}
	story_line(text, "*%s: pid %d (*) is left alone: *", ip, pid);
	story_line(text, "*%s: HELD: 1 process left", ip);
	cr_expect_eq(kill(pid, 0), 0);
	story_signal_pid(pid, SIGKILL);
	story_gone(pid);
	(void)RUN(PORTLEASE, "reap", ip);
}

Test(entrants, a_daemon_brought_by_exec_is_not_forgotten)
{
	for (size_t i = 0; i < MANNERS; i++) {
		const struct manner *m = &manners[i];
		struct run *server = START(PORTLEASE, "run", "-v", "-g", "1s",
		    TELL_IP, "sh", "-c", "read line");
		const char *ip = story_ip(server);
		struct run *exec =
		    RUN(PORTLEASE, "exec", "--lease", ip, GUEST("daemon"),
			m->options[0], m->options[1], m->options[2]);

		story_tell(server, "end\n");
		(void)story_end(server);
		expect_end(server->err, ip, daemon_of(exec), m);
	}
	story_left_nothing();
}

Test(entrants, a_daemon_of_an_acquired_lease_is_not_forgotten)
{
	for (size_t i = 0; i < MANNERS; i++) {
		const struct manner *m = &manners[i];
		struct run *script = RUN("sh", "-c",
		    "eval \"$(" PORTLEASE " acquire -g 1s)\"\n"
		    "echo ip $PORTLEASE_IP\n" GUEST("daemon") " \"$@\"\n"
							      "exec " PORTLEASE
							      " release",
		    "sh", m->options[0], m->options[1], m->options[2]);

		expect_end(script->err, story_ip(script), daemon_of(script), m);
	}
	story_left_nothing();
}

/*
 * Each process of the chain may be gone before it is looked at, and the next
 * one forked when the look has passed.
 */
static void
expect_chain(const struct manner *m, int hops)
{
	char n[16];
	struct run *script;

	(void)snprintf(n, sizeof(n), "%d", hops);
	script = RUN("sh", "-c",
	    "eval \"$(" PORTLEASE " acquire -g 1s)\"\n"
	    "echo ip $PORTLEASE_IP\n" GUEST("daemon") " \"$@\"\n"
						      "exec " PORTLEASE
						      " release",
	    "sh", "-n", n, m->options[0]);
	expect_end(script->err, story_ip(script), daemon_of(script), m);
}

Test(entrants, a_chain_of_forks_is_not_forgotten)
{
	for (int hops = 0; hops < 12; hops++) {
		expect_chain(&manners[0], hops);
		expect_chain(&manners[MANNERS - 1], hops);
	}
	story_left_nothing();
}

/* The commonest orphan of a server that forks its workers. */
Test(entrants, a_fork_without_exec_and_sockets_is_reaped_after_its_monitor)
{
	struct run *run = START(PORTLEASE, "run", "-g", "1s", TELL_IP, "sh",
	    "-c", GUEST("daemon") "; read line");
	const char *ip = story_ip(run);
	struct run *reap;
	pid_t pid;

	story_says(run, "pid ");
	pid = daemon_of(run);
	lost_kill();
	story_tell(run, "end\n");
	(void)story_end(run);
	reap = RUN(PORTLEASE, "reap", ip);
	story_line(reap->out, "%s: pid %d (*) was asked to end", ip, pid);
	cr_expect_eq(WEXITSTATUS(reap->status), 0, "%s", reap->out);
	story_gone(pid);
}

/*
 * There a mapping is one of the file beneath, and the kernel's count says that
 * there is none.  layers: whether both are on one file system.
 */
static void
expect_overlay(const char *layers, const struct manner *m)
{
	static const char script[] =
	    "set -e; mount -t tmpfs t \"$1\"; cd \"$1\"; mkdir low up\n"
	    "test $2 = one || mount -t tmpfs u up\n"
	    "mkdir up/up up/work all; mount -t overlay o -o lowerdir=low,"
	    "upperdir=up/up,workdir=up/work all; mkdir -m 700 all/state\n"
	    "export PORTLEASE_DIR=\"$1/all/state\"\n"
	    "eval \"$(" PORTLEASE " acquire -g 1s)\"; echo ip $PORTLEASE_IP\n"
	    "case $PORTLEASE_RECORD in $1/*) ;; *) exit 1; esac\n"
	    "shift 2; " GUEST("daemon") " \"$@\"; exec " PORTLEASE " release";
	const char *dir = story_path(layers);
	struct run *r;
	pid_t pid;

	cr_assert_eq(mkdir(dir, 0700), 0);
	r = RUN("unshare", geteuid() == 0 ? "-m" : "-rm", "sh", "-c", script,
	    "sh", dir, layers, m->options[0], m->options[1]);
	if (strstr(r->err, "unshare:") || strstr(r->err, "mount:"))
		story_skip("no overlay: %s", r->err);
	pid = daemon_of(r);
	if (m->ended) {
		expect_end(r->err, story_ip(r), pid, m);
		return;
	}
	story_line(r->err, "*: pid %d (*) is left alone: *", pid);
	story_signal_pid(pid, SIGKILL);
	story_gone(pid);
}

Test(entrants, a_daemon_is_not_forgotten_in_an_overlay)
{
	expect_overlay("one", &manners[MANNERS - 1]);
	expect_overlay("two", &manners[MANNERS - 1]);
}

Test(entrants, a_daemon_is_ended_in_an_overlay)
{
	expect_overlay("one", &manners[0]);
	expect_overlay("two", &manners[0]);
}

/* A process that a look at an empty /proc misses holds the address. */
Test(entrants, a_proc_that_shows_nobody_proves_nothing)
{
	const char *empty = story_path("empty");
	char script[512];
	struct run *r;

	cr_assert_eq(mkdir(empty, 0700), 0);
	(void)snprintf(script, sizeof(script),
	    "sleep 600 >/dev/null 2>&1 & echo pid $!; mount --bind %s /proc",
	    empty);
	r = RUN("unshare", geteuid() == 0 ? "-m" : "-rm", PORTLEASE, "run",
	    "-v", "-g", "1s", "sh", "-c", script);
	if (strstr(r->err, "unshare:") != NULL || strstr(r->err, "mount:"))
		story_skip("no mount namespace: %s", r->err);
	story_line(r->err, "*: UNKNOWN: /proc is missing or of another pid "
			   "namespace");
	cr_expect_null(strstr(r->err, "CLEAN"), "%s", r->err);
	story_signal_pid(daemon_of(r), SIGKILL);
}

Test(entrants, a_proc_of_another_pid_namespace_is_refused)
{
	struct run *r = RUN("unshare", geteuid() == 0 ? "-pf" : "-rpf",
	    PORTLEASE, "run", "echo", "ran");

	if (strstr(r->err, "unshare:") != NULL)
		story_skip("no pid namespace: %s", r->err);
	cr_expect_eq(WEXITSTATUS(r->status), 125);
	story_line(r->err, "portlease: /proc *mount -t proc proc /proc*");
	cr_expect_str_empty(r->out);
}

/* The script has the variables still, and the address may be another's. */
Test(entrants, a_process_of_a_lease_that_is_over_binds_nothing_there)
{
	struct run *r = START("sh", "-c",
	    "eval \"$(" PORTLEASE " acquire)\"\n" PORTLEASE " release -q\n"
	    "exec " GUEST("fixedport") " 9926");

	story_warns(r, "this lease has ended");
	story_warns(r, "Network is down");
	story_signal(r, SIGKILL);
	(void)story_end(r);
}

/* Keeps programs out of the record, as a monitor does when it ends a lease. */
static int
keep_out(const char *record)
{
	int fd = open(record, O_RDONLY | O_CLOEXEC);
	sigset_t opened;

	sigemptyset(&opened);
	sigaddset(&opened, SIGIO);
	cr_assert_eq(sigprocmask(SIG_BLOCK, &opened, NULL), 0);
	cr_assert_eq(fcntl(fd, F_SETLEASE, F_RDLCK), 0, "%s: %s", record,
	    strerror(errno));
	return fd;
}

static void
await_open(void)
{
	struct timespec limit = { .tv_sec = story_patience() / 1000 };
	sigset_t opened;

	sigemptyset(&opened);
	sigaddset(&opened, SIGIO);
	cr_assert_eq(sigtimedwait(&opened, NULL, &limit), SIGIO);
}

/* The monitor is lost, so that no process has the record mapped. */
static struct run *
enter_at_the_end(int *fd, char *record, size_t size)
{
	struct run *r = START("sh", "-c",
	    "eval \"$(" PORTLEASE " acquire)\"\n"
	    "echo record $PORTLEASE_RECORD; read line\n"
	    "exec " GUEST("fixedport") " 9926");
	const char *path = story_says(r, "record ") + strlen("record ");

	(void)snprintf(record, size, "%.*s", (int)strcspn(path, "\n"), path);
	lost_kill();
	*fd = keep_out(record);
	story_tell(r, "go\n");
	await_open();
	return r;
}

Test(entrants, one_that_comes_at_the_end_waits_and_finds_it_over)
{
	char record[PATH_MAX];
	int fd;
	struct run *r = enter_at_the_end(&fd, record, sizeof(record));

	cr_assert_eq(unlink(record), 0);
	close(fd);
	story_warns(r, "this lease has ended");
	story_warns(r, "Network is down");
	story_signal(r, SIGKILL);
	(void)story_end(r);
}

Test(entrants, one_that_comes_while_it_is_counted_waits_and_enters)
{
	char record[PATH_MAX];
	int fd;
	struct run *r = enter_at_the_end(&fd, record, sizeof(record));

	close(fd);
	story_says(r, "ready pid ");
	cr_expect_str_empty(r->err);
	story_signal(r, SIGKILL);
	(void)story_end(r);
	(void)RUN(PORTLEASE, "reap", "--all");
}
