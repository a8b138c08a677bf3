/* SPDX-License-Identifier: ISC */
/*
 * Processes and sockets that look as if they belonged to a lease whose monitor
 * was lost: with one witness alone, or none, they are left alone.
 */
#include "lost.h"
#include "story.h"
#include "witness.h"

#include <sys/wait.h>

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

STORIES(innocent);

static void
end(struct run *r)
{
	story_signal(r, SIGTERM);
	story_end(r);
}

/* Variables are copied easily: `env` of a shell that once acquired a lease. */
Test(innocent, a_process_that_merely_has_the_variable_is_never_signalled)
{
	const char *ip;
	struct run *innocent;
	pid_t pid = LOST(ip, GUEST("fixedport"), "9926");

	innocent = START(
	    "env", lost_mark(ip), "sh", "-c", "echo here; exec sleep 600");
	story_says(innocent, "here");
	story_signal_pid(pid, SIGKILL);
	story_gone(pid);
	lost_expect_left_alone(ip, innocent->pid, "sleep 600) left alone");
	end(innocent);
	lost_expect_reaped(ip);
}

static long long
ticks(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_BOOTTIME, &ts);
	return (ts.tv_sec * 1000000000LL + ts.tv_nsec) /
	       (1000000000 / sysconf(_SC_CLK_TCK));
}

static bool
has_ticked(const void *before)
{
	return ticks() > *(const long long *)before;
}

/* A process is known by its pid and its start, which is counted in ticks. */
static struct run *
reuse(pid_t pid, const char *mark)
{
	long long before = ticks();
	char text[16];
	struct run *r;

	story_until(has_ticked, &before);
	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	r = START(GUEST("reuse"), text, "env", mark, "sh", "-c",
	    "echo running; exec sleep 600");
	if (strncmp(story_says(r, "re"), "refused", 7) == 0)
		story_skip("this pid cannot be chosen");
	story_says(r, "running");
	return r;
}

static void
end_reused(pid_t pid, struct run *reuser)
{
	story_signal_pid(pid, SIGTERM);
	story_end(reuser);
}

Test(innocent, a_process_whose_pid_was_reused_is_nobodys)
{
	const char *ip;
	pid_t pid = LOST(ip, GUEST("fixedport"), "9926");
	struct run *other;

	story_signal_pid(pid, SIGKILL);
	story_gone(pid);
	story_quiet();
	other = reuse(pid, "INNOCENT=1");
	lost_expect_reaped(ip);
	cr_expect(witness_alive(pid));
	end_reused(pid, other);
}

Test(innocent, a_reused_pid_with_the_variable_is_reported_and_left_alone)
{
	const char *ip;
	pid_t pid = LOST(ip, GUEST("fixedport"), "9926");
	struct run *other;

	story_signal_pid(pid, SIGKILL);
	story_gone(pid);
	story_quiet();
	other = reuse(pid, lost_mark(ip));
	lost_expect_left_alone(ip, pid, "sleep 600) left alone");
	end_reused(pid, other);
	lost_expect_reaped(ip);
}

Test(innocent, a_reused_pid_of_the_monitor_does_not_make_it_live)
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
	story_line(lost_leases(), "%s *orphan *", ip);
	lost_expect_reaped(ip);
	cr_expect(witness_alive(pid));
	end_reused(pid, other);
}

Test(innocent, a_foreign_listener_on_the_slice_is_named_and_left_alone)
{
	const char *ip;
	pid_t pid = LOST(ip, GUEST("fixedport"), "9926");
	struct run *native = START(GUEST("fixedport"), story_at(ip, "9940")),
		   *r;

	story_says(native, "ready");
	r = RUN(PORTLEASE, "reap", ip);
	cr_expect_eq(WEXITSTATUS(r->status), 1, "%s%s", r->out, r->err);
	story_line(r->out, "%s: pid %d (*fixedport 9926) was asked to end", ip,
	    (int)pid);
	cr_expect_not(witness_alive(pid));
	lost_expect_left_alone(ip, native->pid, "fixedport *:9940)");
	end(native);
	lost_expect_reaped(ip);
}

/* A lease of the ordinary user, whose monitor is lost. */
static const char *
lost_of_nobody(void)
{
	struct run *front;
	const char *ip;

	story_give(NOBODY);
	front = START(AS_NOBODY, PORTLEASE, "run", "-p", "9926", TELL_IP,
	    GUEST("fixedport"), "9926");
	ip = story_ip(front);
	story_says(front, "ready");
	story_signal_pid(witness_child(front->pid, 0), SIGKILL);
	cr_expect_eq(WEXITSTATUS(story_end(front)), 125, "%s", front->err);
	return ip;
}

Test(innocent, what_belongs_to_another_user_keeps_the_address_taken)
{
	const char *ip;
	struct run *native, *r;

	story_need_two_users();
	ip = lost_of_nobody();
	native = START(GUEST("fixedport"), story_at(ip, "9940"));
	story_says(native, "ready");
	r = RUN(AS_NOBODY, PORTLEASE, "reap", ip);
	cr_expect_eq(WEXITSTATUS(r->status), 1, "%s%s", r->out, r->err);
	story_line(r->out, "%s: pid * (*fixedport 9926) was asked to end", ip);
	story_line(r->out, "%s: %s LISTEN held by nobody that can be seen", ip,
	    story_at(ip, "9940"));
	story_line(r->out, "%s: HELD: 1 socket open", ip);
	cr_expect(witness_alive(native->pid));
	end(native);
	r = RUN(AS_NOBODY, PORTLEASE, "reap", ip);
	cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
}

/* As an ordinary user for whom /proc hides the processes of all others. */
#define HIDDEN                                                                 \
	"unshare", "-m", "sh", "-c",                                           \
	    "mount -t proc -o hidepid=2 proc /proc && exec \"$@\"", "sh",      \
	    AS_NOBODY

Test(innocent, what_may_be_hidden_keeps_the_address_taken)
{
	const char *ip;
	struct run *r;

	story_need_two_users();
	if (RUN(HIDDEN, "test", "-x", PORTLEASE)->status != 0)
		story_skip("no hidden /proc");
	ip = lost_of_nobody();
	r = RUN(HIDDEN, PORTLEASE, "reap", ip);
	cr_expect_eq(WEXITSTATUS(r->status), 1, "%s%s", r->out, r->err);
	story_line(r->out,
	    "%s: UNKNOWN: processes of others cannot be seen in /proc", ip);
	r = RUN(HIDDEN, PORTLEASE, "run", "--ip", ip, "--wait", "100ms", "echo",
	    "ran");
	cr_expect_eq(WEXITSTATUS(r->status), 125, "%s", r->err);
	cr_expect_str_eq(r->out, "");
	r = RUN(AS_NOBODY, PORTLEASE, "reap", ip);
	cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
}
