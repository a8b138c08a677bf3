/* SPDX-License-Identifier: ISC */
/* A lease with a name has the same address every time, and is one at a time. */
#include "lost.h"
#include "story.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

STORIES(named);

/* Stories run side by side, and a user has each name once. */
static const char *
app(void)
{
	static char name[32];

	(void)snprintf(name, sizeof(name), "app-%d", getpid());
	return name;
}

static const char *
one_run(const char *name)
{
	struct run *r = RUN(PORTLEASE, "run", "--name", name, TELL_IP, "true");

	cr_expect_eq(WEXITSTATUS(r->status), 0, "%s", r->err);
	return story_ip(r);
}

Test(named, the_address_stays_with_the_name)
{
	const char *first = one_run(app());

	cr_expect_str_eq(one_run(app()), first);
	cr_expect_str_neq(one_run("other-name"), first);
	story_left_nothing();
}

Test(named, a_second_run_is_refused_and_told_of_the_first)
{
	struct run *first = START(PORTLEASE, "run", "--name", app(), TELL_IP,
	    "sh", "-c", "read line");
	const char *ip = story_ip(first);
	struct run *second = RUN(PORTLEASE, "run", "--name", app(), "true");

	cr_expect_eq(WEXITSTATUS(second->status), 125);
	story_line(second->err,
	    "portlease: the name %s is in use: %s, monitor *, sh -c *; "
	    "--replace ends it",
	    app(), ip);
	story_tell(first, "end\n");
	cr_expect_eq(story_end(first), 0);
	story_left_nothing();
}

Test(named, a_second_run_waits_if_told_to)
{
	struct run *first = START(PORTLEASE, "run", "--name", app(), TELL_IP,
	    "sh", "-c", "read line");
	const char *ip = story_ip(first);
	struct run *second = START(PORTLEASE, "run", "--name", app(), "--wait",
	    "10m", TELL_IP, "true");

	story_tell(first, "end\n");
	cr_expect_eq(story_end(first), 0);
	cr_expect_eq(story_end(second), 0, "%s", second->err);
	cr_expect_str_eq(story_ip(second), ip);
	story_left_nothing();
}

/* The first takes its time, and two want its place. */
Test(named, replace_ends_the_first_in_order)
{
	struct run *first =
	    START(PORTLEASE, "run", "--name", app(), TELL_IP, "sh", "-c",
		"trap 'echo ending; read line; echo ended; exit 7' TERM; "
		"echo ready; while :; do sleep 600 & wait; kill $!; done");
	const char *ip = story_ip(first);
	struct run *second, *third;

	story_says(first, "ready");
	second = START(PORTLEASE, "run", "--name", app(), "--replace", TELL_IP,
	    "sh", "-c", "read line");
	story_says(first, "ending");
	third = RUN(PORTLEASE, "run", "--name", app(), "true");
	cr_expect_eq(WEXITSTATUS(third->status), 125, "%s", third->err);
	cr_expect_eq(second->len[0], 0, "%s", second->out);
	story_tell(first, "end\n");
	cr_expect_eq(WEXITSTATUS(story_end(first)), 7, "%s", first->err);
	cr_expect_str_eq(story_ip(second), ip);
	story_tell(second, "end\n");
	cr_expect_eq(story_end(second), 0, "%s", second->err);
	story_left_nothing();
}

Test(named, the_address_stays_after_a_monitor_was_lost)
{
	struct run *first = START(PORTLEASE, "run", "--name", app(), TELL_IP,
	    "sh", "-c", "read line; sleep 600");
	const char *ip = story_ip(first);

	lost_kill();
	(void)story_end(first);
	cr_expect_str_eq(one_run(app()), ip);
	story_left_nothing();
}

/* Another user, or a lease that adopts: the next one is free. */
Test(named, another_address_is_said)
{
	const char *ip = one_run(app());
	struct run *rival = START(
	    PORTLEASE, "run", "--ip", ip, TELL_IP, "sh", "-c", "read line");
	const char *other;
	struct run *r;

	(void)story_ip(rival);
	r = RUN(PORTLEASE, "run", "--name", app(), TELL_IP, "true");
	other = story_ip(r);
	cr_expect_str_neq(other, ip);
	story_line(r->err,
	    "portlease: %s, the address of the name %s, is taken: %s instead",
	    ip, app(), other);
	story_tell(rival, "end\n");
	cr_expect_eq(story_end(rival), 0);
	cr_expect_str_eq(one_run(app()), ip);
	story_left_nothing();
}

/* No lease has it, but a socket that nobody answers on. */
Test(named, a_lock_that_does_not_answer_is_refused)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), n;
	struct run *r;

	n = snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1,
	    "portlease/%u/%s", geteuid(), app());
	cr_assert_eq(bind(fd, (struct sockaddr *)&un,
			 (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				     1 + (size_t)n)),
	    0);
	r = RUN(PORTLEASE, "run", "--name", app(), "echo", "ran");
	cr_expect_eq(WEXITSTATUS(r->status), 125);
	story_line(r->err,
	    "portlease: the name %s is in use by a process that does not "
	    "answer",
	    app());
	cr_expect_str_eq(r->out, "");
	close(fd);
	story_left_nothing();
}

Test(named, two_users_do_not_share_a_name)
{
	struct run *ours, *theirs;
	const char *ip;

	story_need_two_users();
	ours = START(PORTLEASE, "run", "--name", app(), TELL_IP, "sh", "-c",
	    "read line");
	ip = story_ip(ours);
	theirs = RUN(AS_NOBODY, "env", "PORTLEASE_DIR=", PORTLEASE, "run",
	    "--name", app(), TELL_IP, "true");
	cr_expect_eq(WEXITSTATUS(theirs->status), 0, "%s", theirs->err);
	cr_expect_str_neq(story_ip(theirs), ip);
	story_tell(ours, "end\n");
	cr_expect_eq(story_end(ours), 0);
	story_left_nothing();
}

static const char *
auto_name(const char *dir)
{
	struct run *r = RUN("sh", "-c",
	    "mkdir -p \"$1\" && cd \"$1\" && exec " PORTLEASE
	    " run --name auto -- sh -c 'echo name $PORTLEASE_NAME.'",
	    "sh", dir);

	cr_expect_eq(r->status, 0, "%s", r->err);
	return r->out;
}

Test(named, auto_is_the_worktree_or_the_directory)
{
	const char *a = story_path("a/my app");
	char inner[512];

	(void)snprintf(inner, sizeof(inner), "%s/src/deep", a);
	story_line(auto_name(a), "name my_app-????.");
	cr_expect_str_neq(auto_name(a), auto_name(story_path("b/my app")));
	cr_expect_str_neq(auto_name(a), auto_name(inner));
	cr_assert_eq(
	    mkdir(story_path("a/my app/.git"), 0700), 0); /* a worktree */
	cr_expect_str_eq(auto_name(a), auto_name(inner));
	story_left_nothing();
}

Test(named, other_commands_take_the_name)
{
	struct run *r = RUN("sh", "-c",
	    "eval \"$(" PORTLEASE " acquire --name $0)\"\n"
	    "echo ip $PORTLEASE_IP $PORTLEASE_NAME.\n"
	    "unset PORTLEASE_IP PORTLEASE_NAME\n" PORTLEASE " ip $0\n" PORTLEASE
	    " exec --lease $0 -- sh -c 'echo in $PORTLEASE_NAME.'\n" PORTLEASE
	    " show $0\n" PORTLEASE " ps --json\n" PORTLEASE " release $0",
	    app());

	cr_expect_eq(r->status, 0, "%s", r->err);
	story_line(r->out, "ip 127.* %s.", app());
	story_line(r->out, "127.*.1");
	story_line(r->out, "in %s.", app());
	story_line(r->out, "*\"name\": \"%s\"*", app());
	story_left_nothing();
}

Test(named, a_lease_inside_has_no_name_of_the_outer_one)
{
	struct run *r = RUN(PORTLEASE, "run", "--name", app(), "--", PORTLEASE,
	    "run", "--", "sh", "-c", "echo name ${PORTLEASE_NAME-none}.");

	story_line(r->out, "name none.");
	story_left_nothing();
}
