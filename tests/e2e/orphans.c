/* SPDX-License-Identifier: ISC */
/*
 * Monitors, fronts and owners are killed.  What they leave is found and ended,
 * and no address is handed out before it is proven free.
 */
#include "lost.h"
#include "reserve.h"
#include "story.h"
#include "witness.h"

#include "base/parse.h"
#include "kernel/addrlock.h"

#include <sys/wait.h>

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

STORIES(orphans);

static const char *
text_of(pid_t pid)
{
	static char text[16];

	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	return text;
}

Test(orphans, a_lost_monitor_is_told_of_listed_and_reaped)
{
	const char *ip;
	pid_t pid = LOST(ip, GUEST("fixedport"), "9926");
	struct run *r;

	story_line(lost_leases(), "%s *orphan *", ip);
	cr_expect_eq(RUN(GUEST("client"), ip, "9926")->status, 0);
	r = RUN(PORTLEASE, "reap", "--dry-run", ip);
	story_line(r->out, "%s: pid %d (*fixedport 9926) would be ended", ip,
	    (int)pid);
	cr_expect(witness_alive(pid));
	r = RUN(PORTLEASE, "reap", ip);
	cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
	story_line(r->out, "%s: pid %d (*fixedport 9926) was asked to end", ip,
	    (int)pid);
	cr_expect_not(witness_alive(pid));
	cr_expect_str_eq(lost_leases(), "");
}

Test(orphans, the_next_lease_finishes_what_was_left)
{
	const char *ip;
	pid_t pid = LOST(ip, GUEST("fixedport"), "9926");
	struct run *r = RUN(PORTLEASE, "run", "-v", "true");

	cr_expect_eq(r->status, 0, "%s", r->err);
	cr_expect_null(strstr(r->err, "straggler"), "%s", r->err);
	story_gone(pid);
	story_quiet();
	cr_expect_str_eq(lost_leases(), "");
}

Test(orphans, a_lease_for_a_script_finishes_them_too)
{
	const char *ip;
	pid_t pid = LOST(ip, GUEST("fixedport"), "9926");
	struct run *r;

	r = RUN("sh", "-c",
	    "eval \"$(" PORTLEASE " acquire --sh)\"; " PORTLEASE " release");
	cr_expect_eq(r->status, 0, "%s", r->err);
	cr_expect_str_eq(r->err, "");
	story_gone(pid);
	story_quiet();
	cr_expect_str_eq(lost_leases(), "");
}

Test(orphans, survivors_that_hid_are_found)
{
	static const char *const shapes[][8] = {
		{ GUEST("detach"), GUEST("fixedport"), "9926" },
		{ GUEST("bare"), GUEST("detach"), GUEST("fixedport"), "9926" },
		{ GUEST("deaf"), GUEST("fixedport"), "9926" },
		{ GUEST("forget"), "9926" },
		{ GUEST("stopped") },
	};
	const char *ip,
	    *argv[20] = { PORTLEASE, "run", "--until", "tree", TELL_IP };
	size_t i, n, first = 0;
	struct run *r;
	pid_t pid;

	while (argv[first] != NULL)
		first++;
	for (i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		for (n = 0; shapes[i][n] != NULL; n++)
			argv[first + n] = shapes[i][n];
		argv[first + n] = NULL;
		pid = lost_lease(&ip, argv);
		r = RUN(PORTLEASE, "reap", "-g", "300ms", "--all");
		cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
		cr_expect_eq(story_number(r->out, "pid "), pid, "%s: %s",
		    shapes[i][0], r->out);
		cr_expect_not(witness_alive(pid), "%s", shapes[i][0]);
		cr_expect_str_eq(lost_leases(), "");
	}
}

Test(orphans, forks_without_exec_are_found_by_their_sockets)
{
	const char *ip;
	pid_t pid = LOST(ip, "sh", "-c",
	    GUEST("fixedport") " 9926 & (exec 9>&1; : ; "
			       "while :; do :; done) & wait");
	struct run *r = RUN(PORTLEASE, "reap", "-g", "300ms", ip);

	cr_expect_not(witness_alive(pid));
	cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
	story_quiet();
	cr_expect_str_eq(lost_leases(), "");
}

Test(orphans, an_owner_that_dies_ends_its_acquired_lease)
{
	struct run *owner = START("sh", "-c",
	    "eval \"$(" PORTLEASE " acquire --sh --owner $$)\"; "
	    "echo ip $PORTLEASE_IP; " GUEST("fixedport") " 9926 & wait");
	const char *ip = story_ip(owner);
	pid_t pid = (pid_t)story_number(story_says(owner, "ready"), "pid ");

	cr_expect_eq(RUN(GUEST("client"), ip, "9926")->status, 0);
	story_signal(owner, SIGKILL);
	story_gone(pid);
	story_quiet();
	cr_expect_str_eq(lost_leases(), "");
}

Test(orphans, a_runner_that_is_killed_takes_its_four_leases_along)
{
	struct run *runner = START("sh", "-c",
	    "for i in 1 2 3 4; do " PORTLEASE " run -g 10m " GUEST(
		"fixedport") " -x 'sleep 600' 9926 & done; wait");
	pid_t pids[4];
	size_t i;

	for (i = 0; i < 4; i++)
		pids[i] =
		    (pid_t)story_number(story_says(runner, "ready"), "pid ");
	story_signal(runner, SIGKILL);
	for (i = 0; i < 4; i++)
		story_gone(pids[i]);
	story_quiet();
	cr_expect_str_eq(lost_leases(), "");
}

Test(orphans, release_reports_stragglers)
{
	struct run *r = START("sh", "-c",
	    "eval \"$(" PORTLEASE " acquire --on-leak fail --sh)\"; " GUEST(
		"fixedport") " -i left 9926 & read line; " PORTLEASE
			     " release; echo status=$?");
	pid_t pid = (pid_t)story_number(story_says(r, "ready"), "pid ");

	story_tell(r, "release\n");
	story_end(r);
	story_line(r->err,
	    "portlease: 127.*: straggler: pid %d (*fixedport -i left 9926), "
	    "held port 9926 (opened by itself); ended*",
	    (int)pid);
	story_line(r->out, "status=123");
	cr_expect_not(witness_alive(pid));
	cr_expect_str_eq(lost_leases(), "");
}

/* Whose it is stays unsaid only when it cannot be seen: before Linux 6.8. */
Test(orphans, who_holds_the_lock_of_an_orphan_is_no_monitor)
{
	const char *ip;
	pid_t pid = LOST(ip, GUEST("fixedport"), "9926");
	int lock = addrlock_take(parse_address(ip));
	struct run *r = RUN(PORTLEASE, "reap", "-n", ip);

	cr_assert_neq(lock, -1);
	cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
	if (strstr(r->err, "cannot be seen") == NULL)
		story_line(r->err, "portlease: %s: its lock is held by pid %d*",
		    ip, (int)getpid());
	else
		story_line(r->err, "portlease: %s: its lock is held by *", ip);
	cr_expect_null(strstr(r->err, "monitor"), "%s", r->err);
	r = RUN(PORTLEASE, "reap", "-q", "--all");
	cr_expect_eq(WEXITSTATUS(r->status), 1, "%s", r->err);
	cr_expect(witness_alive(pid));
	close(lock);
	lost_expect_reaped(ip);
}

/* Or comes too late, when nothing is left to do. */
Test(orphans, a_second_reaper_waits_for_the_first)
{
	const char *ip;
	pid_t pid = LOST(ip, GUEST("deaf"), GUEST("fixedport"), "9926");
	struct run *first = START(PORTLEASE, "reap", "-g", "700ms", ip),
		   *second = START(PORTLEASE, "reap", "-g", "700ms", ip);

	story_end(first);
	story_end(second);
	for (int i = 0; i < 2; i++) {
		const struct run *r = i == 0 ? first : second;

		cr_expect(r->status == 0 || strstr(r->err, "no such lease"),
		    "%s%s", r->out, r->err);
		cr_expect_null(strstr(r->err, "lives"), "%s", r->err);
		cr_expect_null(strstr(r->err, "lock"), "%s", r->err);
	}
	cr_expect_not(witness_alive(pid));
	cr_expect_str_eq(lost_leases(), "");
}

Test(orphans, whoever_adopts_the_address_finishes_its_orphan)
{
	const char *ip = reserve_address();
	struct run *front, *r;
	pid_t pid;

	front = START(PORTLEASE, "run", "--ip", ip, GUEST("fixedport"), "9926");
	pid = (pid_t)story_number(story_says(front, "ready"), "pid ");
	lost_kill();
	cr_expect_eq(WEXITSTATUS(story_end(front)), 125, "%s", front->err);
	r = RUN(PORTLEASE, "run", "--ip", ip, "--wait", "10m", "sh", "-c",
	    "kill -0 $0 2>/dev/null && echo alive; echo ran", text_of(pid));
	cr_expect_eq(r->status, 0, "%s", r->err);
	cr_expect_str_eq(r->out, "ran\n", "%s", r->err);
	story_quiet();
	cr_expect_str_eq(lost_leases(), "");
}

/* What it starts would be the outer lease's straggler. */
Test(orphans, a_run_inside_a_lease_starts_no_reaper)
{
	const char *ip;
	struct run *outer = START(PORTLEASE, "run", "--on-leak", "fail", "sh",
	    "-c", "echo in; read line; " PORTLEASE " run -- echo within");
	struct run *front, *r;
	pid_t pid;

	story_says(outer, "in");
	front = START(PORTLEASE, "run", TELL_IP, GUEST("fixedport"), "9926");
	ip = story_ip(front);
	pid = (pid_t)story_number(story_says(front, "ready"), "pid ");
	story_signal_pid(witness_child(front->pid, 0), SIGKILL);
	story_end(front);
	story_tell(outer, "go\n");
	cr_expect_eq(story_end(outer), 0, "%s", outer->err);
	story_has(outer->out, "within");
	cr_expect_str_eq(outer->err, "");
	cr_expect(witness_alive(pid));
	/* Nobody enters what has no monitor. */
	r = RUN(PORTLEASE, "exec", "--lease", ip, "echo", "ran");
	cr_expect_eq(WEXITSTATUS(r->status), 125);
	cr_expect_str_eq(r->out, "");
	story_line(r->err,
	    "portlease: exec: %s: the monitor was lost: 'portlease reap %s' "
	    "finishes what it left",
	    ip, ip);
	lost_expect_reaped(ip);
}

/* Those who are deaf to SIGTERM have their grace, whoever waits for it. */
Test(orphans, who_waits_for_an_orphan_waits_no_longer_than_asked)
{
	const char *ip = reserve_address();
	struct run *front, *r;
	pid_t pid;

	front = START(PORTLEASE, "run", "--ip", ip, GUEST("deaf"),
	    GUEST("fixedport"), "9926");
	pid = (pid_t)story_number(story_says(front, "ready"), "pid ");
	lost_kill();
	story_end(front);
	r = RUN(PORTLEASE, "run", "-g", "10m", "--ip", ip, "--wait", "100ms",
	    "echo", "ran");
	cr_expect_eq(WEXITSTATUS(r->status), 125);
	cr_expect_str_eq(r->out, "");
	story_has(r->err, ip, "held");
	cr_expect(witness_alive(pid));
	story_signal_pid(pid, SIGKILL);
	story_left_nothing();
}

/* As impatient harnesses end their servers, which have no time to flush. */
Test(orphans, a_front_killed_in_the_middle_of_a_flush_cuts_nothing_short)
{
	const char *ip = reserve_address(), *marker = story_path("flushed");
	struct run *first, *second, *third;
	pid_t pid;

	first = START(PORTLEASE, "run", "-g", "10m", "--ip", ip,
	    GUEST("fixedport"), "-t", "-1", "-m", marker, "9926");
	pid = (pid_t)story_number(story_says(first, "ready"), "pid ");
	story_signal(first, SIGTERM);
	story_says(first, "flushing");
	story_signal(first, SIGKILL);
	second = START(PORTLEASE, "run", "--ip", ip, "--wait", "10m", "sh",
	    "-c",
	    "test -e \"$0\" && echo flushed; kill -0 $1 2>/dev/null && echo "
	    "alive; shift; exec \"$@\"",
	    marker, text_of(pid), GUEST("fixedport"), "9926");
	third = RUN(PORTLEASE, "run", "--ip", ip, "--wait", "100ms", "true");
	cr_expect_eq(WEXITSTATUS(third->status), 125, "%s", third->err);
	cr_expect(witness_alive(pid));
	story_signal_pid(pid, SIGUSR2);
	story_says(second, "ready");
	cr_expect_eq(access(marker, F_OK), 0);
	story_line(second->out, "flushed");
	cr_expect_null(strstr(second->out, "alive"), "%s", second->out);
}
