/* SPDX-License-Identifier: ISC */
/*
 * Records that a reboot has left behind, on a disk: nobody in them lives, even
 * where their pids and times are somebody's now.
 */
#include "reserve.h"
#include "story.h"

#include "base/parse.h"
#include "kernel/procfs.h"
#include "store/lease.h"

#include <sys/wait.h>

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

STORIES(past);

/* Of another boot, which lasted longer than this one has. */
static void
identify(struct record *r, pid_t who)
{
	struct identity *id = &r->identity;
	struct procfs_stat st;

	cr_assert_eq(procfs_stat(who, &st), 0);
	(void)strlcpy(
	    id->boot, "00000000-0000-4000-8000-000000000000", sizeof(id->boot));
	(void)procfs_namespace("pid", &id->pidns);
	id->netns = lease_netns();
	id->monitor = id->command = id->owner = st.pid;
	id->start = id->command_start = id->owner_start = st.start;
	id->since = UINT64_C(1000000) * 1000000000;
	(void)strlcpy(id->line, "a server of yore", sizeof(id->line));
}

/* A record whose every pid is that of who; its path. */
static const char *
leave_record(const char *ip, pid_t who)
{
	static struct stored s;
	struct statedir dir;
	struct image image = { .pid = who };
	struct record *r;
	struct terms terms = { .leased = parse_address(ip),
		.flags = TERMS_ADOPTED,
		.nports = 1,
		.ports = { { 9926, 9926 } } };

	cr_assert_eq(statedir_open(&dir), 0);
	cr_assert_eq(store_create(&dir, &terms, lease_netns(), &s), 0);
	r = s.record;
	r->magic = r->end = RECORD_MAGIC;
	r->version = RECORD_VERSION;
	r->size = sizeof(*r);
	identify(r, who);
	image.start = r->identity.start;
	image.pidns = r->identity.pidns;
	cr_assert_lt(record_image(r, &image), RECORD_IMAGES);
	atomic_store(&r->counts.images, 1); /* it overflowed */
	cr_assert_eq(store_publish(&dir, &s), 0);
	store_unmap(&s);
	close(dir.fd);
	return s.path;
}

static double
age(void)
{
	const char *text =
	    strstr(RUN(PORTLEASE, "ps", "--json")->out, "\"age\": ");

	return text != NULL ? strtod(text + strlen("\"age\": "), NULL) : -1;
}

Test(past, who_has_a_pid_of_it_now_is_no_tenant)
{
	struct run *innocent = START("sleep", "600"), *r;
	const char *ip = reserve_address();

	(void)leave_record(ip, innocent->pid);
	r = RUN(PORTLEASE, "ps");
	story_has(r->out, ip, "orphan", "a server of yore");
	cr_expect(age() > 0 && age() < 1e8, "%f", age());
	r = RUN(PORTLEASE, "reap", ip);
	cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
	story_line(r->out, "127.*: CLEAN: no process and no socket left");
	cr_expect_null(strstr(r->out, "pid "), "%s", r->out);
	cr_expect_eq(kill(innocent->pid, 0), 0);
	story_signal(innocent, SIGTERM);
	story_end(innocent);
	story_left_nothing();
}

Test(past, who_names_the_record_keeps_it_and_is_left_alone)
{
	struct run *innocent, *r;
	const char *ip = reserve_address(), *path = leave_record(ip, getpid());
	char mark[256];

	(void)snprintf(mark, sizeof(mark), "PORTLEASE_RECORD=%s", path);
	innocent = START("env", mark, "sh", "-c", "echo here; read line");
	story_says(innocent, "here");
	(void)leave_record(ip, innocent->pid);
	r = RUN(PORTLEASE, "reap", ip);
	cr_expect_eq(WEXITSTATUS(r->status), 1, "%s%s", r->out, r->err);
	story_has(r->out, "left alone", "HELD");
	cr_expect_eq(kill(innocent->pid, 0), 0);
	story_signal(innocent, SIGTERM);
	cr_expect_eq(WTERMSIG(story_end(innocent)), SIGTERM);
	cr_expect_eq(RUN(PORTLEASE, "reap", ip)->status, 0);
	story_left_nothing();
}

Test(past, a_server_on_its_address_keeps_it)
{
	const char *ip = reserve_address();
	struct run *native = START(GUEST("fixedport"), story_at(ip, "9926")),
		   *r;

	story_says(native, "ready");
	(void)leave_record(ip, native->pid);
	r = RUN(PORTLEASE, "reap", ip);
	cr_expect_eq(WEXITSTATUS(r->status), 1, "%s%s", r->out, r->err);
	story_has(r->out, "left alone", "9926", "HELD");
	story_signal(native, SIGTERM);
	cr_expect_eq(story_end(native), 0);
	cr_expect_eq(RUN(PORTLEASE, "reap", ip)->status, 0);
}

Test(past, the_next_lease_finishes_it)
{
	struct run *innocent = START("sleep", "600"), *r;
	const char *ip = reserve_address();

	(void)leave_record(ip, innocent->pid);
	r = RUN(PORTLEASE, "run", "true");
	cr_expect_eq(r->status, 0, "%s", r->err);
	cr_expect_eq(kill(innocent->pid, 0), 0);
	story_signal(innocent, SIGTERM);
	cr_expect_eq(WTERMSIG(story_end(innocent)), SIGTERM);
	story_left_nothing();
}
