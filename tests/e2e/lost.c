/* SPDX-License-Identifier: ISC */
/* The record is asked, since ps(1) knows monitors by their title alone. */
#include "lost.h"

#include "store/records.h"
#include "story.h"
#include "witness.h"

#include "store/lease.h"

#include <sys/wait.h>

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static int
note_monitor(const struct statedir *dir, struct stored *s, void *arg)
{
	(void)dir;
	cr_assert_not_null(s->record);
	*(pid_t *)arg = s->record->identity.monitor;
	return 1;
}

pid_t
lost_find(void)
{
	pid_t pid = 0;

	(void)records_each(lease_netns(), note_monitor, &pid);
	cr_assert_gt(pid, 1);
	return pid;
}

void
lost_kill(void)
{
	pid_t pid = lost_find();

	story_signal_pid(pid, SIGKILL);
	story_gone(pid);
}

pid_t
lost_lease(const char **ip, const char *const argv[])
{
	struct run *front = story_start(argv);
	pid_t pid;

	*ip = story_ip(front);
	pid = (pid_t)story_number(story_says(front, "ready"), "pid ");
	lost_kill();
	cr_expect_eq(WEXITSTATUS(story_end(front)), 125, "%s", front->err);
	cr_expect_str_eq(front->err,
	    "portlease: the monitor was lost: 'portlease reap --all' finishes "
	    "what it left\n");
	return pid;
}

const char *
lost_leases(void)
{
	const char *line = strstr(RUN(PORTLEASE, "ps")->out, "127.");

	return line != NULL ? line : "";
}

const char *
lost_record(const char *ip)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s-%llu", story_state(), ip,
	    (unsigned long long)lease_netns());
	return path;
}

const char *
lost_mark(const char *ip)
{
	static char text[300];

	(void)snprintf(
	    text, sizeof(text), "PORTLEASE_RECORD=%s", lost_record(ip));
	return text;
}

void
lost_expect_reaped(const char *ip)
{
	struct run *r = RUN(PORTLEASE, "reap", ip);

	cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
	story_freed(r->out, ip);
	cr_expect_str_eq(lost_leases(), "");
}

void
lost_expect_refused(const char *ip, pid_t pid, const char *words)
{
	struct run *r = RUN(PORTLEASE, "reap", ip);

	cr_expect_eq(WEXITSTATUS(r->status), 1, "%s%s", r->out, r->err);
	story_line(r->out, "%s: *pid %d (*%s*", ip, (int)pid, words);
	story_line(r->out, "%s: HELD: *", ip);
	cr_expect(witness_alive(pid));
}

void
lost_expect_left_alone(const char *ip, pid_t pid, const char *words)
{
	lost_expect_refused(ip, pid, words);
	story_line(lost_leases(), "%s *orphan *", ip);
}
