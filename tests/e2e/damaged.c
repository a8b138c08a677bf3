/* SPDX-License-Identifier: ISC */
/*
 * Records that cannot be read.  Marks and sockets make up for them, and the
 * address is guarded until nobody is left on it.
 */
#include "lost.h"
#include "reserve.h"
#include "story.h"
#include "witness.h"

#include "lease/record.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

STORIES(damaged);

static void
cut(const char *path)
{
	cr_assert_eq(truncate(path, 100), 0);
}

static void
garble(const char *path)
{
	FILE *file = fopen(path, "r+");

	cr_assert_not_null(file);
	cr_assert_gt(fputs("XXXXXXXX", file), 0);
	cr_assert_eq(fclose(file), 0);
}

/* What was cut away comes back as zeros, and nothing else tells of it. */
static void
hollow(const char *path)
{
	cr_assert_eq(truncate(path, 100000), 0);
	cr_assert_eq(truncate(path, sizeof(struct record)), 0);
}

static void (*const spoil[])(const char *path) = { cut, garble, hollow };

enum { SPOILERS = sizeof(spoil) / sizeof(*spoil) };

static void
expect_not_handed_out(const char *ip)
{
	struct run *r =
	    RUN(PORTLEASE, "run", "--ip", ip, "--wait", "100ms", "echo", "ran");

	cr_expect_eq(WEXITSTATUS(r->status), 125, "%s", r->err);
	cr_expect_str_eq(r->out, "");
}

Test(damaged, marks_and_sockets_make_up_for_an_unreadable_record)
{
	const char *ip;
	struct run *r;
	pid_t pid;

	for (size_t i = 0; i < SPOILERS; i++) {
		pid = LOST(ip, GUEST("fixedport"), "9926");
		spoil[i](lost_record(ip));
		story_line(lost_leases(), "%s *unreadable *", ip);
		r = RUN(PORTLEASE, "reap", "--dry-run", ip);
		story_line(r->out,
		    "%s: pid %d (*fixedport 9926) would be ended", ip,
		    (int)pid);
		story_line(r->out, "%s: HELD: *", ip);
		cr_expect(witness_alive(pid));
		lost_expect_reaped(ip);
		cr_expect_not(witness_alive(pid));
	}
}

Test(damaged, an_unreadable_record_with_a_marked_process_is_not_handed_out)
{
	const char *ip;
	struct run *r;
	pid_t pid;

	for (size_t i = 0; i < SPOILERS; i++) {
		pid = LOST(ip, "sh", "-c", "echo ready, pid $$; read line");
		spoil[i](lost_record(ip));
		lost_expect_refused(ip, pid, "read line) left alone");
		expect_not_handed_out(ip);
		cr_expect(witness_alive(pid));
		story_signal_pid(pid, SIGKILL);
		story_quiet(); /* a detached reaper may have seen it, too */
		r = RUN(PORTLEASE, "reap", "--all");
		cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
		cr_expect_str_eq(lost_leases(), "");
	}
}

/* Its ports are in the record: without that, all of the address are its. */
Test(damaged, an_unreadable_record_of_an_adopted_address_guards_every_port)
{
	const char *ip = reserve_address();
	struct run *front, *native, *r;
	pid_t pid;

	front = START(PORTLEASE, "run", "-p", "9926", "--ip", ip,
	    GUEST("fixedport"), "9926");
	pid = (pid_t)story_number(story_says(front, "ready"), "pid ");
	native = START(GUEST("fixedport"), story_at(ip, "9940"));
	story_says(native, "ready");
	lost_kill();
	story_end(front);
	garble(lost_record(ip));
	r = RUN(PORTLEASE, "reap", ip);
	cr_expect_eq(WEXITSTATUS(r->status), 1, "%s%s", r->out, r->err);
	story_line(r->out, "%s: pid %d (*fixedport 9926) was asked to end", ip,
	    (int)pid);
	story_line(r->out, "%s: pid %d (*fixedport *:9940) left alone*", ip,
	    (int)native->pid);
	story_line(r->out, "%s: HELD: *", ip);
	cr_expect_not(witness_alive(pid));
	cr_expect(witness_alive(native->pid));
	expect_not_handed_out(ip);
	story_signal(native, SIGTERM);
	story_end(native);
	story_quiet(); /* whoever waited had it looked at again */
	cr_expect_eq(RUN(PORTLEASE, "reap", "--all")->status, 0);
	cr_expect_str_eq(lost_leases(), "");
}

Test(damaged, a_directory_in_the_place_of_a_record_is_named)
{
	const char *ip = reserve_address(), *path = lost_record(ip);
	struct run *r;

	cr_assert_eq(mkdir(path, 0700), 0);
	r = RUN(PORTLEASE, "reap", "--all");
	cr_expect_eq(WEXITSTATUS(r->status), 125);
	cr_expect_str_eq(r->out, "");
	story_line(
	    r->err, "portlease: %s: cannot be removed: Is a directory", path);
	cr_expect_eq(story_count(r->err, "\n"), 1, "%s", r->err);
	r = RUN(PORTLEASE, "run", "--ip", ip, "true");
	cr_expect_eq(WEXITSTATUS(r->status), 125);
	story_line(
	    r->err, "portlease: %s: cannot be removed: Is a directory", path);
	cr_assert_eq(rmdir(path), 0);
	cr_expect_eq(RUN(PORTLEASE, "run", "--ip", ip, "true")->status, 0);
}
