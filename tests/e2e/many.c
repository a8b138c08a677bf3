/* SPDX-License-Identifier: ISC */
/*
 * More tenants than there are descriptors: all of them get their grace, and
 * who cannot be looked at is not taken for gone.
 */
#include "lost.h"
#include "story.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

STORIES(many);

#define EACH "for i in $(seq 30); do "

/* Each takes its time to flush. */
#define SERVERS                                                                \
	EACH GUEST("fixedport") " -t 700 -m $0.$i $((20000 + i)) & done; "

static void
expect_all_flushed(const char *marker)
{
	char path[160];

	for (int i = 1; i <= 30; i++) {
		(void)snprintf(path, sizeof(path), "%s.%d", marker, i);
		cr_expect_eq(access(path, F_OK), 0, "%s", path);
	}
}

Test(many, more_tenants_than_descriptors_get_their_grace)
{
	const char *marker = story_path("flushed");
	struct run *r = START("sh", "-c",
	    "eval \"$(ulimit -n 24; " PORTLEASE " acquire -g 10m)\"; " SERVERS
	    "read line; " PORTLEASE " release; echo status=$?",
	    marker);

	for (int i = 0; i < 30; i++)
		story_says(r, "ready");
	story_tell(r, "release\n");
	story_end(r);
	story_has(r->out, "status=0");
	cr_expect_null(strstr(r->err, "HELD"), "%s", r->err);
	cr_expect_null(strstr(r->err, "UNKNOWN"), "%s", r->err);
	expect_all_flushed(marker);
	story_left_nothing();
}

Test(many, a_reaper_gives_it_to_them_too)
{
	const char *marker = story_path("flushed");
	struct run *front = START(PORTLEASE, "run", "--until", "tree", TELL_IP,
	    "sh", "-c", SERVERS "wait", marker);
	const char *ip = story_ip(front);
	struct run *r;
	pid_t pid;

	for (int i = 0; i < 30; i++)
		story_says(front, "ready");
	pid = lost_find();
	story_signal_pid(pid, SIGKILL);
	story_gone(pid);
	r = RUN("sh", "-c", "ulimit -n 16; " PORTLEASE " reap -g 10m $0", ip);
	cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
	expect_all_flushed(marker);
	story_end(front);
	story_left_nothing();
}

/* Less than it has open. */
static void
starve(pid_t pid)
{
	struct rlimit nofile = { 4, 4 };

	cr_assert_eq(prlimit(pid, RLIMIT_NOFILE, &nofile, NULL), 0);
}

Test(many, a_monitor_without_descriptors_does_not_say_that_nobody_is_left)
{
	struct run *front =
	    START(PORTLEASE, "run", TELL_IP, "sh", "-c", "read line");
	const char *ip = story_ip(front);
	struct run *tenant = START(PORTLEASE, "exec", "--lease", ip, "sh", "-c",
		       "echo here; exec sleep 600"),
		   *r;

	story_says(tenant, "here");
	starve(lost_find());
	story_tell(front, "end\n");
	story_end(front);
	story_has(front->err, "UNKNOWN", "Too many open files");
	cr_expect_null(strstr(front->err, "CLEAN"), "%s", front->err);
	cr_expect_eq(kill(tenant->pid, 0), 0);
	r = RUN(PORTLEASE, "reap", ip);
	cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
	story_end(tenant);
	story_left_nothing();
}
