/* SPDX-License-Identifier: ISC */
/*
 * The exit status is the command's, signals pass through once, and whoever
 * is killed on the way, the command gets its grace.
 */
#include "story.h"
#include "witness.h"

#include <sys/pidfd.h>
#include <sys/wait.h>

#include <criterion/criterion.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

STORIES(signals);

Test(signals, the_exit_status_is_the_commands)
{
	static const struct {
		const char *script;
		int status;
	} rows[] = {
		{ "exit 0", 0 },
		{ "exit 1", 1 },
		{ "exit 7", 7 },
		{ "exit 123", 123 },
		{ "exit 125", 125 },
		{ "exit 255", 255 },
	};
	const struct run *r;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		r = RUN(PORTLEASE, "run", "sh", "-c", rows[i].script);
		cr_expect(WIFEXITED(r->status) &&
			      WEXITSTATUS(r->status) == rows[i].status,
		    "%s: %x", rows[i].script, r->status);
	}
}

Test(signals, the_signal_that_ends_the_command_ends_the_front)
{
	static const int deaths[] = { SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGUSR1,
		SIGSEGV, SIGPIPE, SIGTERM, SIGABRT };
	const struct run *r;
	char script[32];
	size_t i;

	for (i = 0; i < sizeof(deaths) / sizeof(*deaths); i++) {
		(void)snprintf(
		    script, sizeof(script), "kill -%d $$", deaths[i]);
		r = RUN(PORTLEASE, "run", "sh", "-c", script);
		cr_expect(
		    WIFSIGNALED(r->status) && WTERMSIG(r->status) == deaths[i],
		    "%s: %x %s", script, r->status, r->err);
		cr_expect(!WIFSIGNALED(r->status) || !WCOREDUMP(r->status));
	}
}

static const struct run *
run_as_first(const char *script)
{
	const struct run *r;

	if (geteuid() == 0)
		r = RUN("unshare", "-pf", "--mount-proc", PORTLEASE, "run",
		    "sh", "-c", script);
	else
		r = RUN("unshare", "-Urpf", "--mount-proc", PORTLEASE, "run",
		    "sh", "-c", script);
	if (strstr(r->err, "unshare:") != NULL)
		story_skip("%s", r->err);
	return r;
}

/* Pid 1 of a pid namespace cannot die of a signal that it sends to itself. */
Test(signals, as_pid_1_a_death_by_signal_is_128_and_the_signal)
{
	const struct run *r;

	r = run_as_first("kill -TERM $$");
	cr_expect(WIFEXITED(r->status) && WEXITSTATUS(r->status) == 143,
	    "%x %s", r->status, r->err);
	r = run_as_first("kill -KILL $$");
	cr_expect(WIFEXITED(r->status) && WEXITSTATUS(r->status) == 137,
	    "%x %s", r->status, r->err);
	r = run_as_first("exit 9");
	cr_expect(WIFEXITED(r->status) && WEXITSTATUS(r->status) == 9, "%x %s",
	    r->status, r->err);
}

Test(signals, each_signal_to_the_front_reaches_the_command_once)
{
	static const int passed[] = { SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2,
		SIGTERM };
	struct run *r = START(PORTLEASE, "run", "-g", "60s", GUEST("tally"));
	char got[16];
	size_t i;

	story_says(r, "ready");
	for (i = 0; i < sizeof(passed) / sizeof(*passed); i++) {
		(void)snprintf(
		    got, sizeof(got), "got %s", sigabbrev_np(passed[i]));
		story_signal(r, passed[i]);
		story_says(r, got);
	}
	story_tell(r, "quit\n");
	cr_expect_eq(story_end(r), 0, "%s", r->err);
	for (i = 0; i < sizeof(passed) / sizeof(*passed); i++) {
		(void)snprintf(
		    got, sizeof(got), "got %s", sigabbrev_np(passed[i]));
		cr_expect_eq(story_count(r->out, got), 1, "%s", r->out);
	}
}

/* To somebody who may have ended just before. */
static void
nudge(const struct run *r, int sig)
{
	(void)pidfd_send_signal(r->pidfd, sig, NULL, 0);
}

/*
 * The signal is passed on to a monitor that has stopped listening, and the
 * front looks for the end only when the monitor is gone: a Unix socket that
 * is closed with something unread says ECONNRESET to its peer first.
 */
static int
end_with_a_late_signal(void)
{
	struct run *r = START(PORTLEASE, "run", "sh", "-c",
	    "echo ready pid $$; read line; exit 7");
	pid_t pid = (pid_t)story_number(story_says(r, "ready"), "pid ");
	pid_t monitor = witness_parent(pid);

	story_tell(r, "go on\n");
	story_gone(pid);
	nudge(r, SIGWINCH); /* does nothing to a shell */
	sched_yield();
	nudge(r, SIGSTOP);
	story_gone(monitor);
	nudge(r, SIGCONT);
	return story_end(r);
}

Test(signals, a_signal_that_comes_too_late_changes_nothing)
{
	int i, status;

	for (i = 0; i < 10; i++) {
		status = end_with_a_late_signal();
		cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 7,
		    "round %d: %x", i, status);
	}
}

/* A service manager signals all of its group; the command still hears once. */
Test(signals, a_signal_to_the_callers_group_reaches_the_command_once)
{
	struct run *r = START(PORTLEASE, "run", "-g", "60s", GUEST("tally"));

	story_says(r, "ready");
	story_signal_group(r, SIGTERM);
	story_says(r, "got TERM");
	story_signal(r, SIGUSR2); /* a later one: whatever was first is here */
	story_says(r, "got USR2");
	story_tell(r, "quit\n");
	cr_expect_eq(story_end(r), 0, "%s", r->err);
	cr_expect_eq(story_count(r->out, "got TERM"), 1, "%s", r->out);
}

Test(signals, another_signal_can_be_the_polite_one)
{
	struct run *owner = START("cat"), *r;
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%d", (int)owner->pid);
	r = START(
	    PORTLEASE, "run", "-s", "INT", "--owner", pid, GUEST("tally"));
	story_says(r, "ready");
	story_signal(owner, SIGKILL);
	story_says(r, "got INT");
	cr_expect_eq(story_count(r->out, "got TERM"), 0, "%s", r->out);
	story_tell(r, "quit\n");
	story_quiet();
}

Test(signals, a_command_that_does_not_hear_is_ended_after_the_grace)
{
	struct run *r = START(PORTLEASE, "run", "-g", "300ms", GUEST("deaf"),
	    GUEST("fixedport"), "9926");

	story_says(r, "ready");
	story_signal(r, SIGTERM);
	story_end(r);
	cr_expect(WIFSIGNALED(r->status) && WTERMSIG(r->status) == SIGKILL,
	    "%x %s", r->status, r->err);
	story_quiet();
}

/* A test of a crash must be one. */
Test(signals, sigkill_to_the_front_is_meant_for_the_command)
{
	const char *marker = story_path("flushed");
	struct run *r = START(PORTLEASE, "run", "-g", "10m", GUEST("fixedport"),
	    "-t", "300", "-m", marker);
	pid_t pid;

	story_says(r, "ready");
	pid = (pid_t)story_number(r->out, "pid ");
	story_signal(r, SIGKILL);
	story_gone(pid);
	story_quiet();
	cr_expect_neq(access(marker, F_OK), 0);
	story_nothing_leased();
}

/* What the command had started is no part of the crash. */
Test(signals, sigkill_to_the_front_leaves_the_others_their_grace)
{
	const char *marker = story_path("flushed");
	struct run *r = START(PORTLEASE, "run", "-g", "10m", "sh", "-c",
	    GUEST("fixedport") " -t 300 -m \"$0\" & wait", marker);

	story_says(r, "ready");
	story_signal(r, SIGKILL);
	story_quiet();
	cr_expect_eq(access(marker, F_OK), 0);
	story_nothing_leased();
}

/* A busy front may not have passed it on yet. */
Test(signals, sigkill_after_another_signal_is_impatience)
{
	const char *marker = story_path("flushed");
	struct run *caller = START("sh", "-c",
	    PORTLEASE
	    " run -g 10m " GUEST("fixedport") " -t 300 -m \"$0\" & "
					      "echo front $!; read line",
	    marker);
	pid_t front;

	front = (pid_t)story_number(story_says(caller, "front"), "front ");
	story_says(caller, "ready");
	story_signal_pid(front, SIGSTOP);
	story_signal_pid(front, SIGTERM);
	story_signal_pid(front, SIGKILL);
	story_says(caller, "flushing");
	story_tell(caller, "\n");
	story_quiet();
	cr_expect_eq(access(marker, F_OK), 0);
	story_nothing_leased();
}

Test(signals, sigkill_to_the_callers_group_leaves_the_command_its_grace)
{
	const char *marker = story_path("flushed");
	struct run *caller = START("sh", "-c",
	    PORTLEASE " run " GUEST("fixedport") " -t 300 -m \"$0\"; echo over",
	    marker);

	story_says(caller, "ready");
	story_signal_group(caller, SIGKILL);
	story_quiet();
	cr_expect_eq(access(marker, F_OK), 0);
	cr_expect_null(strstr(caller->out, "over"));
	story_nothing_leased();
}

Test(signals, when_the_parent_dies_the_lease_ends)
{
	const char *marker = story_path("flushed");
	struct run *caller = START("sh", "-c",
	    PORTLEASE " run " GUEST("fixedport") " -t 100 -m \"$0\" & wait",
	    marker);

	story_says(caller, "ready");
	story_signal(caller, SIGKILL);
	story_quiet();
	cr_expect_eq(access(marker, F_OK), 0);
	story_nothing_leased();
}

Test(signals, when_the_named_owner_dies_the_lease_ends)
{
	struct run *owner = START("cat"), *r;
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%d", (int)owner->pid);
	r = START(PORTLEASE, "run", "--owner", pid, GUEST("fixedport"));
	story_says(r, "ready");
	story_signal(owner, SIGKILL);
	story_end(r);
	story_left_nothing();
}

Test(signals, nobody_needs_to_own_a_lease)
{
	struct run *caller = START("sh", "-c",
	    PORTLEASE
	    " run --owner 0 " GUEST("fixedport") " -i free 9926 & wait");
	struct run *client;

	story_says(caller, "ready");
	story_signal(caller, SIGKILL);
	story_end(caller);
	client = RUN(PORTLEASE, "exec", GUEST("client"), "localhost", "9926");
	story_line(client->out, "free pid * at * peer *127.0.0.1 *");
}

/* The monitor is the parent of the command. */
static pid_t
monitor_of(struct run *r)
{
	pid_t pid = (pid_t)story_number(story_says(r, "ready"), "pid ");
	pid_t monitor = witness_parent(pid);

	cr_assert_gt(monitor, 1);
	cr_assert_neq(monitor, getpid());
	cr_assert_neq(monitor, r->pid);
	return monitor;
}

static void
expect_link(pid_t pid, const char *name, const char *target)
{
	char path[64], is[256] = "";

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	cr_expect_gt(readlink(path, is, sizeof(is) - 1), 0, "%s", path);
	cr_expect_str_eq(is, target, "%s is %s", path, is);
}

/* Else a CI runner waits for its pipes, or takes it for a leaked process. */
Test(signals, the_monitor_cannot_be_mistaken_for_a_part_of_the_run)
{
	char path[64], text[8192] = "";
	struct run *r;
	pid_t monitor;
	size_t len;
	FILE *f;

	setenv("RUNNER_TRACKING_ID", "github_42", 1);
	r = START(PORTLEASE, "run", GUEST("fixedport"));
	monitor = monitor_of(r);
	expect_link(monitor, "fd/0", "/dev/null");
	expect_link(monitor, "fd/1", "/dev/null");
	cr_expect_eq(getsid(monitor), monitor);
	(void)snprintf(path, sizeof(path), "/proc/%d/environ", (int)monitor);
	f = fopen(path, "re");
	cr_assert_not_null(f);
	len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	cr_expect_null(memmem(text, len, "github_42", 9));
	cr_expect_null(memmem(text, len, "LD_PRELOAD", 10));
}

Test(signals, a_lost_monitor_is_told_of_and_reaped_after)
{
	struct run *r = START(PORTLEASE, "run", TELL_IP, GUEST("fixedport"),
	    "-x", "sleep 600", "9926");
	const char *ip = story_ip(r);
	pid_t monitor = monitor_of(r);
	const struct run *reap;

	story_signal_pid(monitor, SIGKILL);
	story_end(r);
	cr_expect_eq(WEXITSTATUS(r->status), 125, "%s", r->err);
	cr_expect_eq(strncmp(r->err, "portlease: ", 11), 0, "%s", r->err);
	reap = RUN(PORTLEASE, "reap", "--all", "--dry-run");
	cr_expect_eq(reap->status, 0, "%s", reap->err);
	cr_expect(
	    strstr(reap->out, ip) != NULL || strstr(reap->err, ip) != NULL,
	    "%s%s", reap->out, reap->err);
	cr_expect_eq(RUN(GUEST("client"), ip, "9926")->status, 0);
	reap = RUN(PORTLEASE, "reap", "--all");
	cr_expect_eq(reap->status, 0, "%s", reap->err);
	story_left_nothing();
}

Test(signals, a_live_lease_is_not_reaped)
{
	struct run *r =
	    START(PORTLEASE, "run", TELL_IP, GUEST("fixedport"), "9926");
	const char *ip = story_ip(r);

	story_says(r, "ready");
	RUN(PORTLEASE, "reap", "--all");
	RUN(PORTLEASE, "reap", ip);
	cr_expect_eq(RUN(GUEST("client"), ip, "9926")->status, 0);
	cr_expect_not(r->ended);
}

/* Stopped by hand, or with a whole cgroup or session. */
Test(signals, a_stopped_monitor_is_named_by_its_front)
{
	struct run *r =
	    START(PORTLEASE, "run", "-g", "1s", GUEST("fixedport"), "9926");
	pid_t monitor = monitor_of(r);

	story_signal_pid(monitor, SIGSTOP);
	story_signal(r, SIGTERM);
	(void)story_end(r);
	cr_expect_eq(WEXITSTATUS(r->status), 125, "%s", r->err);
	story_line(r->err,
	    "portlease: *its monitor, pid %d, is stopped: with 'kill -CONT "
	    "%d'*",
	    monitor, monitor);
	story_signal_pid(monitor, SIGCONT);
	story_gone(monitor);
	story_left_nothing();
}

Test(signals, a_stopped_monitor_is_named_by_release)
{
	struct run *r = START(
	    PORTLEASE, "run", "-g", "1s", TELL_IP, GUEST("fixedport"), "9926");
	const char *ip = story_ip(r);
	pid_t monitor = monitor_of(r);
	struct run *release;

	story_signal_pid(monitor, SIGSTOP);
	release = RUN(PORTLEASE, "release", ip);
	cr_expect_eq(WEXITSTATUS(release->status), 125, "%s", release->err);
	story_line(release->err,
	    "portlease: %s: its monitor, pid %d, is stopped: with 'kill -CONT "
	    "%d'*",
	    ip, monitor, monitor);
	story_signal_pid(monitor, SIGCONT);
	(void)story_end(r);
	story_left_nothing();
}
