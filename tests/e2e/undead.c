/* SPDX-License-Identifier: ISC */
/*
 * What the death of a process does not prove: sockets that outlive it, and
 * processes that do not look alive or are hard to find.  None of them leaves
 * a port taken when the lease is over, and who may not be ended is named.
 */
#include "story.h"
#include "witness.h"

#include <sys/wait.h>

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

STORIES(undead);

#define LEASE(...)                                                             \
	START(PORTLEASE, "run", "-v", "-g", "500ms", TELL_IP, __VA_ARGS__)

static void
expect_freed(const struct run *r, const char *ip)
{
	story_freed(r->err, ip);
	cr_expect_not(witness_listens(story_at(ip, "9926")));
	story_nothing_leased();
}

/* Waits for "ready", asks the front to end, and looks what is left. */
static void
expect_clean_end(struct run *r)
{
	const char *ip = story_ip(r);

	if (strncmp(story_says(r, "re"), "refused", 7) == 0)
		story_skip("this kernel or sandbox refuses io_uring_setup");
	cr_expect(witness_listens(story_at(ip, "9926")));
	story_signal(r, SIGTERM);
	story_end(r);
	expect_freed(r, ip);
	story_quiet();
}

/* The monitor of that front is killed; `reap` must do as well. */
static void
expect_clean_reap(struct run *r)
{
	const char *ip = story_ip(r);
	struct run *reap;

	if (strncmp(story_says(r, "re"), "refused", 7) == 0)
		story_skip("this kernel or sandbox refuses io_uring_setup");
	story_signal_pid(witness_child(r->pid, 0), SIGKILL);
	story_end(r);
	reap = RUN(PORTLEASE, "reap", "-g", "300ms", ip);
	cr_expect_eq(reap->status, 0, "%s%s", reap->out, reap->err);
	cr_expect_not(witness_listens(story_at(ip, "9926")));
	story_quiet();
}

Test(undead, an_accept_in_flight_in_io_uring)
{
	expect_clean_end(LEASE(GUEST("ring"), "9926"));
}

Test(undead, an_accept_in_flight_in_io_uring_without_a_monitor)
{
	expect_clean_reap(LEASE(GUEST("ring"), "9926"));
}

Test(undead, a_zombie_leader_with_a_live_thread)
{
	expect_clean_end(LEASE(GUEST("headless"), "9926"));
}

Test(undead, a_zombie_leader_with_a_live_thread_without_a_monitor)
{
	expect_clean_reap(LEASE(GUEST("headless"), "9926"));
}

Test(undead, a_stopped_process_that_hears_nothing)
{
	struct run *r = LEASE(GUEST("fixedport"), "9926");
	const char *ip = story_ip(r);
	pid_t pid = (pid_t)story_number(story_says(r, "ready"), "pid ");

	story_signal_pid(pid, SIGSTOP);
	story_signal(r, SIGTERM);
	cr_expect_eq(story_end(r), 0, "%s", r->err); /* it was woken */
	expect_freed(r, ip);
}

Test(undead, a_process_in_another_pid_namespace)
{
	if (geteuid() != 0)
		story_skip("only root makes pid namespaces everywhere");
	expect_clean_end(LEASE("unshare", "-pf", "--mount-proc", GUEST("deaf"),
	    GUEST("fixedport"), "9926"));
}

Test(undead, a_process_in_another_pid_namespace_without_a_monitor)
{
	if (geteuid() != 0)
		story_skip("only root makes pid namespaces everywhere");
	expect_clean_reap(LEASE("unshare", "-pf", "--mount-proc", GUEST("deaf"),
	    GUEST("fixedport"), "9926"));
}

Test(undead, a_process_that_cannot_see_the_record)
{
	if (geteuid() != 0)
		story_skip("only root makes mount namespaces everywhere");
	expect_clean_reap(LEASE("unshare", "-m", "sh", "-c",
	    "mount -t tmpfs none ${PORTLEASE_RECORD%/*} && exec " GUEST(
		"fixedport") " 9926"));
}

Test(undead, a_daemon_that_forked_twice)
{
	expect_clean_end(LEASE("sh", "-c",
	    GUEST("detach") " " GUEST("fixedport") " 9926; exec sleep 600"));
}

Test(undead, a_storm_of_forks)
{
	struct run *r = START(PORTLEASE, "run", "-v", "-g", "300ms", TELL_IP,
	    GUEST("storm"), "9926", "8", "500");
	const char *ip = story_ip(r);

	story_end(r);
	expect_freed(r, ip);
	story_quiet();
}

Test(undead, a_storm_of_forks_without_a_monitor)
{
	struct run *r =
	    LEASE("sh", "-c", GUEST("storm") " 9926 4 3000; exec sleep 600");
	expect_clean_reap(r);
}

/* Pids start over at the top: those of the storm are lower than all others. */
Test(undead, a_storm_of_forks_whose_pids_start_over)
{
	static const char script[] =
	    "last=/proc/sys/kernel/ns_last_pid\n"
	    "echo 30000 >$last || exit 77\n"
	    "for i in $(seq 200); do sleep 600 & done\n"
	    "echo 300 >$last\n"
	    "mkfifo \"$0\"\n" PORTLEASE " run sh -c '" GUEST(
		"storm") " 9926 4 3000; exec sleep 600' >\"$0\" &\n"
			 "read ready <\"$0\"\n"
			 "set -- $(" PORTLEASE " ps | tail -n 1)\n"
			 "kill -KILL $3\n"
			 "exec " PORTLEASE " reap -g 300ms $1";
	struct run *r;

	if (geteuid() != 0)
		story_skip("only root chooses pids");
	r = RUN("unshare", "-pf", "--mount-proc", "sh", "-c", script,
	    story_path("ready"));
	if (WEXITSTATUS(r->status) == 77)
		story_skip("this pid cannot be chosen: %s", r->err);
	cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
	story_freed(r->out, "127.*");
	story_left_nothing();
}

/* While the kernel writes the core, nobody gets the address. */
Test(undead, a_core_dump_in_progress)
{
	const char *dir = story_path("");
	struct run *r;
	const char *ip;

	r = START("sh", "-c", "cd \"$0\" && exec \"$@\"", dir, PORTLEASE, "run",
	    "-v", TELL_IP, GUEST("dumper"), "9926", "64");
	ip = story_ip(r);
	story_says(r, "ready");
	story_end(r);
	cr_expect(WIFSIGNALED(r->status) && WTERMSIG(r->status) == SIGQUIT);
	expect_freed(r, ip);
}

/* See also leak: a_listener_that_a_stranger_holds, for the unread message. */
Test(undead, a_listener_that_was_passed_to_a_process_outside_is_named)
{
	const char *path = story_path("stranger");
	struct run *stranger = START(GUEST("stranger"), path), *r;
	long pid = story_number(story_says(stranger, "ready"), "pid ");

	r = RUN(PORTLEASE, "run", "--on-leak", "fail", GUEST("smuggle"), "9926",
	    path);
	story_says(stranger, "taken");
	cr_expect_eq(WEXITSTATUS(r->status), 123, "%s", r->err);
	story_line(r->err,
	    "portlease: 127.*:9926 LISTEN held by pid %ld (*stranger *); "
	    "opened by pid * (*smuggle*) with bind",
	    pid);
	story_line(r->err, "portlease: 127.*: HELD: 1 socket open");
	r = RUN(PORTLEASE, "reap", "--all");
	cr_expect_eq(WEXITSTATUS(r->status), 1, "%s", r->out);
	story_line(
	    r->out, "127.*:9926 LISTEN held by pid %ld (*stranger *)*", pid);
	story_line(r->out, "127.*: HELD: 1 process left");
	cr_expect_neq(witness_state((pid_t)pid), '\0');
	story_signal(stranger, SIGTERM);
	story_end(stranger);
	r = RUN(PORTLEASE, "reap", "--all");
	cr_expect_eq(r->status, 0, "%s", r->out);
}
