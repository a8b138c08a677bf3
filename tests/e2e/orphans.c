/* SPDX-License-Identifier: ISC */
/*
 * Monitors, fronts and owners are killed.  What they leave is found, ended
 * when two witnesses call it the lease's, and nothing else is touched; no
 * address is handed out before it is proven free.
 */
#include "lost.h"
#include "reserve.h"
#include "story.h"
#include "witness.h"

#include "base/parse.h"
#include "kernel/addrlock.h"
#include "store/lease.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

STORIES(orphans);

/* A lease of that command whose monitor was killed when it said "ready". */
#define ORPHANED(ip, ...)                                                      \
	orphaned(&(ip), (const char *const[]){ PORTLEASE, "run", "-p", "9926", \
			    TELL_IP, __VA_ARGS__, NULL })

static pid_t
orphaned(const char **ip, const char *const argv[])
{
	struct run *front = story_start(argv);
	pid_t pid;

	*ip = story_ip(front);
	pid = (pid_t)story_number(story_says(front, "ready"), "pid ");
	lost_kill();
	cr_expect_eq(WEXITSTATUS(story_end(front)), 125, "%s", front->err);
	cr_expect_not_null(
	    strstr(front->err, "monitor was lost"), "%s", front->err);
	return pid;
}

static const char *
text_of(pid_t pid)
{
	static char text[16];

	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	return text;
}

static bool
alive(pid_t pid)
{
	return witness_state(pid) != '\0' && witness_state(pid) != 'Z';
}

/* The lines of ps, or nothing. */
static const char *
leases(void)
{
	const char *line = strstr(RUN(PORTLEASE, "ps")->out, "127.");

	return line != NULL ? line : "";
}

static const char *
mark_of(const char *ip)
{
	static char text[256];

	(void)snprintf(text, sizeof(text), "PORTLEASE_RECORD=%s/%s-%llu",
	    story_state(), ip, (unsigned long long)lease_netns());
	return text;
}

static void
expect_reaped(const char *ip)
{
	struct run *r = RUN(PORTLEASE, "reap", ip);

	cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
	cr_expect(strstr(r->out, "CLEAN") != NULL ||
		      strstr(r->out, "COOLING") != NULL,
	    "%s", r->out);
	cr_expect_str_eq(leases(), "");
}

/* Not ended, and not given away: what `who` does must be up to its user. */
static void
expect_left_alone(const char *ip, pid_t who, const char *word)
{
	struct run *r = RUN(PORTLEASE, "reap", ip);

	cr_expect_eq(WEXITSTATUS(r->status), 1, "%s%s", r->out, r->err);
	story_has(r->out, word, "HELD");
	cr_expect_eq(
	    story_number(strstr(r->out, word) != NULL ? r->out : "", "pid "),
	    who, "%s", r->out);
	cr_expect(alive(who));
	story_has(leases(), ip, "orphan");
}

Test(orphans, a_lost_monitor_is_told_of_listed_and_reaped)
{
	const char *ip;
	pid_t pid = ORPHANED(ip, GUEST("fixedport"), "9926");
	struct run *r;

	story_has(leases(), ip, "orphan");
	cr_expect_eq(RUN(GUEST("client"), ip, "9926")->status, 0);
	r = RUN(PORTLEASE, "reap", "--dry-run", ip);
	story_has(r->out, "would be ended", "fixedport");
	cr_expect(alive(pid));
	r = RUN(PORTLEASE, "reap", ip);
	cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
	story_has(r->out, "was asked to end", "fixedport");
	cr_expect_not(alive(pid));
	cr_expect_str_eq(leases(), "");
}

Test(orphans, the_next_lease_finishes_what_was_left)
{
	const char *ip;
	pid_t pid = ORPHANED(ip, GUEST("fixedport"), "9926");
	struct run *r = RUN(PORTLEASE, "run", "-v", "true");

	cr_expect_eq(r->status, 0, "%s", r->err);
	cr_expect_null(strstr(r->err, "straggler"), "%s", r->err);
	story_gone(pid);
	story_quiet();
	cr_expect_str_eq(leases(), "");
}

Test(orphans, a_lease_for_a_script_finishes_them_too)
{
	const char *ip;
	pid_t pid = ORPHANED(ip, GUEST("fixedport"), "9926");
	struct run *r;

	r = RUN("sh", "-c",
	    "eval \"$(" PORTLEASE " acquire --sh)\"; " PORTLEASE " release");
	cr_expect_eq(r->status, 0, "%s", r->err);
	cr_expect_str_eq(r->err, "");
	story_gone(pid);
	story_quiet();
	cr_expect_str_eq(leases(), "");
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
		pid = orphaned(&ip, argv);
		r = RUN(PORTLEASE, "reap", "-g", "300ms", "--all");
		cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
		cr_expect_eq(story_number(r->out, "pid "), pid, "%s: %s",
		    shapes[i][0], r->out);
		cr_expect_not(alive(pid), "%s", shapes[i][0]);
		cr_expect_str_eq(leases(), "");
	}
}

Test(orphans, forks_without_exec_are_found_by_their_sockets)
{
	const char *ip;
	pid_t pid = ORPHANED(ip, "sh", "-c",
	    GUEST("fixedport") " 9926 & (exec 9>&1; : ; "
			       "while :; do :; done) & wait");
	struct run *r = RUN(PORTLEASE, "reap", "-g", "300ms", ip);

	cr_expect_not(alive(pid));
	cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
	story_quiet();
	cr_expect_str_eq(leases(), "");
}

/* Variables are copied easily: `env` of a shell that once acquired a lease. */
Test(orphans, an_innocent_that_merely_has_the_variable_is_never_signalled)
{
	const char *ip;
	struct run *innocent;
	pid_t pid = ORPHANED(ip, GUEST("fixedport"), "9926");

	innocent =
	    START("env", mark_of(ip), "sh", "-c", "echo here; exec sleep 600");
	story_says(innocent, "here");
	story_signal_pid(pid, SIGKILL);
	story_gone(pid);
	expect_left_alone(ip, innocent->pid, "left alone");
	story_signal(innocent, SIGTERM);
	story_end(innocent);
	expect_reaped(ip);
}

/* Start times are counted in ticks of 10 ms, so the pid must be older. */
static struct run *
reuse(pid_t pid, const char *mark)
{
	struct run *r;

	poll(NULL, 0, 30);
	r = START(GUEST("reuse"), text_of(pid), "env", mark, "sh", "-c",
	    "echo running; exec sleep 600");

	if (strncmp(story_says(r, "re"), "refused", 7) == 0)
		story_skip("pids cannot be chosen");
	story_says(r, "running");
	return r;
}

Test(orphans, a_pid_that_was_reused_is_nobodys)
{
	const char *ip;
	pid_t pid = ORPHANED(ip, GUEST("fixedport"), "9926");
	struct run *other;

	story_signal_pid(pid, SIGKILL);
	story_gone(pid);
	story_quiet();
	other = reuse(pid, "INNOCENT=1");
	expect_reaped(ip);
	cr_expect(alive(pid));
	story_signal_pid(pid, SIGTERM);
	story_end(other);
}

Test(orphans, a_reused_pid_with_the_variable_is_reported_and_left_alone)
{
	const char *ip;
	pid_t pid = ORPHANED(ip, GUEST("fixedport"), "9926");
	struct run *other;

	story_signal_pid(pid, SIGKILL);
	story_gone(pid);
	story_quiet();
	other = reuse(pid, mark_of(ip));
	expect_left_alone(ip, pid, "left alone");
	story_signal_pid(pid, SIGTERM);
	story_end(other);
	expect_reaped(ip);
}

Test(orphans, a_reused_pid_of_the_monitor_does_not_make_it_live)
{
	struct run *front =
	    START(PORTLEASE, "run", TELL_IP, GUEST("fixedport"), "9926");
	const char *ip = story_ip(front);
	struct run *other;
	pid_t pid;

	story_says(front, "ready");
	pid = lost_find();
	lost_kill();
	story_end(front);
	other = reuse(pid, "INNOCENT=1");
	story_has(leases(), ip, "orphan");
	expect_reaped(ip);
	cr_expect(alive(pid));
	story_signal_pid(pid, SIGTERM);
	story_end(other);
}

Test(orphans, a_foreign_listener_on_the_slice_is_named_and_left_alone)
{
	const char *ip;
	pid_t pid = ORPHANED(ip, GUEST("fixedport"), "9926"), stranger;
	struct run *native, *r;

	native = START(GUEST("fixedport"), story_at(ip, "9940"));
	stranger = (pid_t)story_number(story_says(native, "ready"), "pid ");
	r = RUN(PORTLEASE, "reap", ip);
	cr_expect_eq(WEXITSTATUS(r->status), 1, "%s%s", r->out, r->err);
	story_has(r->out, "was asked to end", "HELD", "9940");
	cr_expect_not(alive(pid));
	expect_left_alone(ip, stranger, "held by");
	story_signal(native, SIGTERM);
	story_end(native);
	expect_reaped(ip);
}

Test(orphans, what_belongs_to_another_user_keeps_the_address_taken)
{
	const char *ip;
	struct run *front, *native, *r;
	pid_t pid;

	if (geteuid() != 0)
		story_skip("only root can be two users");
	if (RUN(AS_NOBODY, "test", "-x", PORTLEASE)->status != 0)
		story_skip("%s cannot be reached by everybody", BUILD_DIR);
	story_give(NOBODY);
	front = START(AS_NOBODY, PORTLEASE, "run", "-p", "9926", TELL_IP,
	    GUEST("fixedport"), "9926");
	ip = story_ip(front);
	pid = (pid_t)story_number(story_says(front, "ready"), "pid ");
	native = START(GUEST("fixedport"), story_at(ip, "9940"));
	story_says(native, "ready");
	story_signal_pid(witness_child(front->pid, 0), SIGKILL);
	cr_expect_eq(WEXITSTATUS(story_end(front)), 125, "%s", front->err);
	r = RUN(AS_NOBODY, PORTLEASE, "reap", ip);
	cr_expect_eq(WEXITSTATUS(r->status), 1, "%s%s", r->out, r->err);
	story_has(r->out, "HELD", "9940", "nobody that can be seen");
	cr_expect_not(alive(pid));
	cr_expect(alive(native->pid));
}

/* As an ordinary user for whom /proc hides the processes of all others. */
#define HIDDEN                                                                 \
	"unshare", "-m", "sh", "-c",                                           \
	    "mount -t proc -o hidepid=2 proc /proc && exec \"$@\"", "sh",      \
	    AS_NOBODY

Test(orphans, what_may_be_hidden_keeps_the_address_taken)
{
	const char *ip;
	struct run *front, *r;

	if (geteuid() != 0)
		story_skip("only root can be two users");
	if (RUN(HIDDEN, "test", "-x", PORTLEASE)->status != 0)
		story_skip("no hidden /proc, or no way to %s", BUILD_DIR);
	story_give(NOBODY);
	front = START(AS_NOBODY, PORTLEASE, "run", "-p", "9926", TELL_IP,
	    GUEST("fixedport"), "9926");
	ip = story_ip(front);
	story_says(front, "ready");
	story_signal_pid(witness_child(front->pid, 0), SIGKILL);
	cr_expect_eq(WEXITSTATUS(story_end(front)), 125, "%s", front->err);
	r = RUN(HIDDEN, PORTLEASE, "reap", ip);
	cr_expect_eq(WEXITSTATUS(r->status), 1, "%s%s", r->out, r->err);
	story_has(r->out, "UNKNOWN", "cannot be seen");
	r = RUN(HIDDEN, PORTLEASE, "run", "--ip", ip, "--wait", "100ms", "echo",
	    "ran");
	cr_expect_eq(WEXITSTATUS(r->status), 125, "%s", r->err);
	cr_expect_str_eq(r->out, "");
	r = RUN(AS_NOBODY, PORTLEASE, "reap", ip);
	cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
}

static const char *
record_of(const char *ip)
{
	return strchr(mark_of(ip), '=') + 1;
}

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

Test(orphans, marks_and_sockets_make_up_for_an_unreadable_record)
{
	const char *ip;
	struct run *r;
	pid_t pid;

	for (size_t i = 0; i < SPOILERS; i++) {
		pid = ORPHANED(ip, GUEST("fixedport"), "9926");
		spoil[i](record_of(ip));
		story_has(leases(), ip, "unreadable");
		r = RUN(PORTLEASE, "reap", "--dry-run", ip);
		story_has(r->out, "would be ended", "fixedport", "HELD");
		cr_expect(alive(pid));
		expect_reaped(ip);
		cr_expect_not(alive(pid));
	}
}

Test(orphans, an_unreadable_record_with_a_marked_process_is_not_handed_out)
{
	const char *ip;
	struct run *r;
	pid_t pid;

	for (size_t i = 0; i < SPOILERS; i++) {
		pid = ORPHANED(ip, "sh", "-c", "echo ready, pid $$; read line");
		spoil[i](record_of(ip));
		r = RUN(PORTLEASE, "reap", ip);
		cr_expect_eq(WEXITSTATUS(r->status), 1, "%s%s", r->out, r->err);
		story_has(r->out, "left alone", "read line", "HELD");
		cr_expect(alive(pid));
		expect_not_handed_out(ip);
		cr_expect(alive(pid));
		story_signal_pid(pid, SIGKILL);
		story_quiet(); /* a detached reaper may have seen it, too */
		r = RUN(PORTLEASE, "reap", "--all");
		cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
		cr_expect_str_eq(leases(), "");
	}
}

/* Its ports are in the record: without that, all of the address are its. */
Test(orphans, an_unreadable_record_of_an_adopted_address_guards_every_port)
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
	garble(record_of(ip));
	r = RUN(PORTLEASE, "reap", ip);
	cr_expect_eq(WEXITSTATUS(r->status), 1, "%s%s", r->out, r->err);
	story_has(r->out, "was asked to end", "left alone", "9940", "HELD");
	cr_expect_not(alive(pid));
	cr_expect(alive(native->pid));
	expect_not_handed_out(ip);
	story_signal(native, SIGTERM);
	story_end(native);
	story_quiet(); /* whoever waited had it looked at again */
	cr_expect_eq(RUN(PORTLEASE, "reap", "--all")->status, 0);
	cr_expect_str_eq(leases(), "");
}

Test(orphans, a_directory_in_the_place_of_a_record_is_named)
{
	const char *ip = reserve_address(), *path = record_of(ip);
	struct run *r;

	cr_assert_eq(mkdir(path, 0700), 0);
	r = RUN(PORTLEASE, "reap", "--all");
	cr_expect_eq(WEXITSTATUS(r->status), 125);
	cr_expect_str_eq(r->out, "");
	story_has(r->err, path, "Is a directory");
	cr_expect_eq(story_count(r->err, "\n"), 1, "%s", r->err);
	r = RUN(PORTLEASE, "run", "--ip", ip, "true");
	cr_expect_eq(WEXITSTATUS(r->status), 125);
	story_has(r->err, path, "Is a directory");
	cr_assert_eq(rmdir(path), 0);
	cr_expect_eq(RUN(PORTLEASE, "run", "--ip", ip, "true")->status, 0);
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
	cr_expect_str_eq(leases(), "");
}

Test(orphans, a_runner_that_is_killed_takes_its_four_leases_along)
{
	struct run *runner = START("sh", "-c",
	    "for i in 1 2 3 4; do " PORTLEASE " run -g 5s " GUEST(
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
	cr_expect_str_eq(leases(), "");
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
	story_has(r->err, "straggler: pid ", "-i left", "9926", "ended");
	story_has(r->out, "status=123");
	cr_expect_not(alive(pid));
	cr_expect_str_eq(leases(), "");
}

/* Whose it is stays unsaid only when it cannot be seen: before Linux 6.8. */
Test(orphans, who_holds_the_lock_of_an_orphan_is_no_monitor)
{
	const char *ip;
	pid_t pid = ORPHANED(ip, GUEST("fixedport"), "9926");
	int lock = addrlock_take(parse_address(ip));
	struct run *r = RUN(PORTLEASE, "reap", "-n", ip);

	cr_assert_neq(lock, -1);
	cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
	story_has(r->err, ip, "its lock is held by");
	cr_expect_null(strstr(r->err, "monitor"), "%s", r->err);
	if (strstr(r->err, "cannot be seen") == NULL)
		cr_expect_eq(
		    story_number(r->err, "by pid "), getpid(), "%s", r->err);
	r = RUN(PORTLEASE, "reap", "-q", "--all");
	cr_expect_eq(WEXITSTATUS(r->status), 1, "%s", r->err);
	cr_expect(alive(pid));
	close(lock);
	expect_reaped(ip);
}

/* Or comes too late, when nothing is left to do. */
Test(orphans, a_second_reaper_waits_for_the_first)
{
	const char *ip;
	pid_t pid = ORPHANED(ip, GUEST("deaf"), GUEST("fixedport"), "9926");
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
	cr_expect_not(alive(pid));
	cr_expect_str_eq(leases(), "");
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
	r = RUN(PORTLEASE, "run", "--ip", ip, "--wait", "20s", "sh", "-c",
	    "kill -0 $0 2>/dev/null && echo alive; echo ran", text_of(pid));
	cr_expect_eq(r->status, 0, "%s", r->err);
	cr_expect_str_eq(r->out, "ran\n", "%s", r->err);
	story_quiet();
	cr_expect_str_eq(leases(), "");
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
	cr_expect(alive(pid));
	/* Nobody enters what has no monitor. */
	r = RUN(PORTLEASE, "exec", "--lease", ip, "echo", "ran");
	cr_expect_eq(WEXITSTATUS(r->status), 125);
	cr_expect_str_eq(r->out, "");
	story_has(r->err, ip, "the monitor was lost");
	expect_reaped(ip);
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
	r = RUN(PORTLEASE, "run", "-g", "4s", "--ip", ip, "--wait", "100ms",
	    "echo", "ran");
	cr_expect_eq(WEXITSTATUS(r->status), 125);
	cr_expect_str_eq(r->out, "");
	story_has(r->err, ip, "held");
	cr_expect(alive(pid));
	story_gone(pid);
	story_left_nothing();
}

/* As impatient harnesses end their servers: 200 ms is no time to flush. */
Test(orphans, a_front_killed_in_the_middle_of_a_flush_cuts_nothing_short)
{
	const char *ip = reserve_address(), *marker = story_path("flushed");
	struct run *first, *second;
	pid_t pid;

	first = START(PORTLEASE, "run", "-g", "20s", "--ip", ip,
	    GUEST("fixedport"), "-t", "3000", "-m", marker, "9926");
	pid = (pid_t)story_number(story_says(first, "ready"), "pid ");
	story_signal(first, SIGTERM);
	poll(NULL, 0, 200);
	story_signal(first, SIGKILL);
	second = START(PORTLEASE, "run", "--ip", ip, "--wait", "20s", "sh",
	    "-c",
	    "test -e \"$0\" && echo flushed; kill -0 $1 2>/dev/null && echo "
	    "alive; shift; exec \"$@\"",
	    marker, text_of(pid), GUEST("fixedport"), "9926");
	cr_expect_eq(
	    RUN(PORTLEASE, "run", "--ip", ip, "--wait", "100ms", "true")
		    ->status >>
		8,
	    125);
	cr_expect(alive(pid));
	story_says(second, "ready");
	cr_expect_eq(access(marker, F_OK), 0);
	story_has(second->out, "flushed");
	cr_expect_null(strstr(second->out, "alive"), "%s", second->out);
}
