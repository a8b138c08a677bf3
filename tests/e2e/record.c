/* SPDX-License-Identifier: ISC */
/*
 * Every program of a lease can write its record, and so can go wrong there:
 * the tools believe the kernel, live on, and say what they do not know.
 */
#include "store/records.h"
#include "story.h"
#include "witness.h"

#include "kernel/procfs.h"
#include "store/lease.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

STORIES(record);

static int
map(const struct statedir *dir, struct stored *s, void *arg)
{
	store_map(dir, s->name, STORE_WRITE, arg);
	return 1;
}

/* The only lease that there is. */
static void
only(struct stored *s)
{
	s->record = NULL;
	(void)records_each(lease_netns(), map, s);
	cr_assert_not_null(s->record);
}

Test(record, who_it_names_as_the_monitor_is_not_believed)
{
	struct run *front, *innocent = START("sleep", "600"), *r;
	struct procfs_stat st;
	struct stored lease;
	const char *ip;

	front =
	    START(PORTLEASE, "run", "-v", TELL_IP, GUEST("fixedport"), "9926");
	ip = story_ip(front);
	story_says(front, "ready");
	only(&lease);
	cr_assert_eq(procfs_stat(innocent->pid, &st), 0);
	lease.record->identity.monitor = st.pid;
	lease.record->identity.start = st.start;
	r = RUN(PORTLEASE, "wait", "--listen", "9926", ip);
	cr_expect_eq(r->status, 0, "%s", r->err);
	r = RUN(PORTLEASE, "release", ip);
	cr_expect_eq(r->status, 0, "%s", r->err);
	story_end(front);
	cr_expect(witness_alive(innocent->pid));
	story_signal(innocent, SIGTERM);
	story_end(innocent);
	story_nothing_leased();
}

/* Owner and image are both the record's word: one witness, not two. */
Test(record, whom_it_alone_calls_the_leases_is_left_alone)
{
	struct run *front, *innocent = START("sleep", "600"), *r;
	struct procfs_stat st, parent;
	struct stored lease;
	struct image image = { 0 };
	const char *ip;
	pid_t monitor;

	front = START(PORTLEASE, "run", TELL_IP, GUEST("fixedport"), "9926");
	ip = story_ip(front);
	story_says(front, "ready");
	only(&lease);
	cr_assert_eq(procfs_stat(innocent->pid, &st), 0);
	cr_assert_eq(procfs_stat(st.ppid, &parent), 0);
	image.pid = st.pid;
	image.start = st.start;
	(void)record_image(lease.record, &image);
	monitor = lease.record->identity.monitor;
	lease.record->identity.start = st.start;
	lease.record->identity.owner = parent.pid;
	lease.record->identity.owner_start = parent.start;
	lease.record->identity.command_start = 0;
	story_signal_pid(monitor, SIGKILL);
	story_end(front);
	r = RUN(PORTLEASE, "reap", "-g", "300ms", ip);
	cr_expect_eq(WEXITSTATUS(r->status), 1, "%s%s", r->out, r->err);
	story_has(r->out, "sleep 600) left alone", "HELD");
	cr_expect(witness_alive(innocent->pid));
	story_signal(innocent, SIGTERM);
	story_end(innocent);
	r = RUN(PORTLEASE, "reap", ip);
	cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
}

static void
expect_unknown_then_reaped(struct run *r)
{
	story_has(r->err, "UNKNOWN: the record was damaged");
	cr_expect_null(strstr(r->err, "monitor was lost"), "%s", r->err);
	story_quiet();
	r = RUN(PORTLEASE, "reap", "--all");
	cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
	story_nothing_leased();
}

Test(record, a_program_that_cuts_it_short_does_not_end_the_monitor)
{
	static const char *const cuts[] = { "exec truncate -s 0 $0",
		"exec truncate -s 100 $0", "exec truncate -s 99999 $0",
		"exec truncate -s 200 -s 99999 $0" };
	struct run *r;

	for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		r = RUN(PORTLEASE, "run", "sh", "-c",
		    "exec sh -c \"$0\" $PORTLEASE_RECORD", cuts[i]);
		cr_expect_eq(r->status, 0, "%s: %s", cuts[i], r->err);
		expect_unknown_then_reaped(r);
	}
}

/* The monitor is in the middle of it: with a waiter, a signal, stragglers. */
Test(record, one_that_is_cut_while_it_is_used_leaves_the_rest_as_always)
{
	struct run *r = START(PORTLEASE, "run", "-g", "10m", "--ready-listen",
	    "9926,9927", TELL_IP, "sh", "-c",
	    "echo ready $$; while :; do sleep 1; done");
	struct stored lease;

	story_says(r, "ready");
	only(&lease);
	cr_assert_eq(truncate(lease.path, 0), 0);
	story_signal(r, SIGTERM);
	story_end(r);
	cr_expect(WIFSIGNALED(r->status) || WIFEXITED(r->status));
	expect_unknown_then_reaped(r);
}

Test(record, a_release_after_the_end_says_that_it_was_late)
{
	struct run *r = START("sh", "-c",
	    "eval \"$(" PORTLEASE " acquire --sh)\"; echo ip $PORTLEASE_IP; "
	    "read line; " PORTLEASE " release; echo status=$?");
	const char *ip = story_ip(r);
	struct stored lease;
	struct run *other;

	only(&lease);
	other = START(PORTLEASE, "release", ip);
	story_end(other);
	cr_expect_eq(other->status, 0, "%s", other->err);
	story_tell(r, "go\n");
	story_end(r);
	story_has(r->out, "status=0");
	story_has(r->err, "has ended already");
}

Test(record, who_locks_the_record_keeps_a_release_off_and_is_named)
{
	struct run *r = START(
		       PORTLEASE, "run", TELL_IP, GUEST("locker"), "1", "0"),
		   *release;
	const char *ip = story_ip(r);
	long pid = story_number(story_says(r, "ready"), "pid ");

	release = RUN(PORTLEASE, "release", ip);
	cr_expect_eq(WEXITSTATUS(release->status), 125, "%s", release->err);
	cr_expect_eq(story_number(release->err, "locked by pid "), pid, "%s",
	    release->err);
	story_signal(r, SIGTERM);
	story_end(r);
	story_nothing_leased();
}

/* The caller is spared although it has the variables of the lease. */
Test(record, a_lock_of_two_bytes_hides_no_caller)
{
	struct run *r = RUN("sh", "-c",
	    "eval \"$(" PORTLEASE " acquire --sh)\"; " GUEST(
		"locker") " 4294967296 2 | { read x; " PORTLEASE
			  " release; echo status=$?; }; echo alive");

	story_has(r->out, "status=0", "alive");
	story_has(r->err, "locker 4294967296 2");
	cr_expect_eq(story_count(r->err, "straggler: pid"), 1, "%s", r->err);
	cr_expect_null(strstr(r->err, "HELD"), "%s", r->err);
}

/* 123 is the command's own status, and no leak. */
Test(record, a_release_takes_no_status_for_a_leak)
{
	struct run *r = START(PORTLEASE, "run", "--on-leak", "fail", TELL_IP,
		       "sh", "-c", "trap 'exit 123' TERM; echo ready; read x"),
		   *release;
	const char *ip = story_ip(r);

	story_says(r, "ready");
	release = RUN(PORTLEASE, "release", ip);
	cr_expect_eq(release->status, 0, "%s", release->err);
	story_end(r);
	cr_expect_eq(WEXITSTATUS(r->status), 123, "%s", r->err);
}

/* A signal ended the command, so that run cannot say so. */
Test(record, a_release_is_told_of_a_leak)
{
	struct run *r = START(PORTLEASE, "run", "--on-leak", "fail", TELL_IP,
		       "sh", "-c", GUEST("fixedport") " 9926 & exec sleep 600"),
		   *release;
	const char *ip = story_ip(r);

	story_says(r, "ready");
	release = RUN(PORTLEASE, "release", ip);
	cr_expect_eq(WEXITSTATUS(release->status), 123, "%s", release->err);
	story_has(release->err, "straggler");
	story_end(r);
	cr_expect(WIFSIGNALED(r->status), "%s", r->err);
}

/* Neither is taken for a process of the lease by the other's monitor. */
Test(record, releases_at_once_do_not_hold_the_address)
{
	struct run *r;

	for (int i = 0; i < 10; i++) {
		r = RUN("sh", "-c",
		    "eval \"$(" PORTLEASE " acquire --sh)\"; for i in 1 2 3; "
		    "do (" PORTLEASE
		    " release || echo failed) & done; wait; " PORTLEASE
		    " release; echo status=$?");
		story_has(r->out, "status=0");
		story_has(r->err, "the lease has ended already");
		cr_expect_null(strstr(r->out, "failed"), "%s", r->err);
		cr_expect_null(strstr(r->err, "HELD"), "%s", r->err);
		cr_expect_null(strstr(r->err, "straggler"), "%s", r->err);
		story_nothing_leased();
	}
}

Test(record, ps_takes_no_lease_that_lives_or_has_just_ended_for_an_orphan)
{
	struct run *loop = START("sh", "-c",
		       "while test ! -e \"$0\"; do " PORTLEASE
		       " run true & " PORTLEASE " run true; wait; done",
		       story_path("enough")),
		   *r;

	r = RUN("sh", "-c",
	    "i=0; while test $i -lt 300; do " PORTLEASE
	    " ps -j; i=$((i + 1)); done");
	cr_expect_eq(r->status, 0, "%s", r->err);
	story_has(r->out, "\"live\"");
	cr_expect_null(strstr(r->out, "\"orphan\""), "%s", r->out);
	cr_expect_null(strstr(r->out, "\"unreadable\""), "%s", r->out);
	cr_expect_eq(RUN("touch", story_path("enough"))->status, 0);
	story_end(loop);
}
