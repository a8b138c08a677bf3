/* SPDX-License-Identifier: ISC */
/*
 * A program that the shim cannot enter is named at the end, with what keeps
 * the shim out.
 */
#include "reserve.h"
#include "story.h"

#include <sys/stat.h>
#include <sys/xattr.h>

#include <criterion/criterion.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

STORIES(uncovered);

/* A copy of a program that prints nothing and ends. */
static const char *
copy_of_true(mode_t mode, gid_t gid)
{
	const char *path = story_path("program");

	cr_assert_eq(RUN("cp", "/bin/true", path)->status, 0);
	cr_assert_eq(chown(path, 0, gid), 0);
	cr_assert_eq(chmod(path, mode), 0);
	return path;
}

static void
expect_named(const char *path, const char *is)
{
	struct run *r;

	story_give(NOBODY);
	r = RUN(AS_NOBODY, PORTLEASE, "run", "sh", "-c", "\"$0\"; true", path);
	cr_expect_eq(r->status, 0, "%s", r->err);
	story_line(
	    r->err, "portlease: *: uncovered: pid * (%s) is %s", path, is);
}

Test(uncovered, set_uid_programs)
{
	story_need_two_users();
	expect_named(copy_of_true(04755, 0), "set-uid");
}

Test(uncovered, set_gid_programs)
{
	story_need_two_users();
	expect_named(copy_of_true(02755, 0), "set-gid");
}

Test(uncovered, programs_with_file_capabilities)
{
	struct vfs_cap_data cap = { .magic_etc = VFS_CAP_REVISION_2 |
						 VFS_CAP_FLAGS_EFFECTIVE,
		.data = { { .permitted = 1U << CAP_NET_BIND_SERVICE } } };
	const char *path;

	story_need_two_users();
	path = copy_of_true(0755, 0);
	if (setxattr(path, "security.capability", &cap, sizeof(cap), 0) == -1)
		story_skip("no file capabilities here");
	expect_named(path, "given file capabilities");
}

/* A root directory with this program, and what it is linked with. */
static const char *
root_with(const char *program)
{
	static const char script[] = "mkdir \"$1\" && cp -L --parents \"$2\" "
				     "$(ldd \"$2\" | grep -o '/[^ ]*') \"$1\"";
	const char *root = story_path("root");
	struct run *r = RUN("sh", "-c", script, "sh", root, program);

	cr_assert_eq(r->status, 0, "%s", r->err);
	return root;
}

Test(uncovered, programs_in_a_root_without_the_shim)
{
	const char *root;
	struct run *r;

	if (geteuid() != 0)
		story_skip("chroot is for root");
	root = root_with("/bin/true");
	r = RUN(PORTLEASE, "run", "sh", "-c", "chroot \"$0\" /bin/true; true",
	    root);
	cr_expect_eq(r->status, 0, "%s", r->err);
	cr_expect_null(strstr(r->err, "ld.so"), "%s", r->err);
	story_line(r->err,
	    "portlease: *: uncovered: pid * (/bin/true) is in a root without "
	    "the shim");
}

Test(uncovered, programs_in_a_root_without_the_record)
{
	static const char script[] =
	    "shim=${LD_PRELOAD##*:}; cp --parents \"$shim\" \"$0\" && "
	    "chroot \"$0\" /bin/true; true";
	struct run *r;

	if (geteuid() != 0)
		story_skip("chroot is for root");
	r = RUN(PORTLEASE, "run", "sh", "-c", script, root_with("/bin/true"));
	cr_expect_eq(r->status, 0, "%s", r->err);
	story_line(r->err,
	    "portlease: *: uncovered: pid * (/bin/true) is in a root without "
	    "the record");
}

/* A server whose socket the shim has not seen. */
static void
expect_outside(const char *guest)
{
	const char *file = story_path("status"), *port = reserve_port();
	struct run *r = START(PORTLEASE, "run", "--status-file", file, "-p",
	    port, guest, "serve", port);
	long pid = story_number(story_says(r, "ready"), "pid ");

	story_signal(r, SIGTERM);
	(void)story_end(r);
	story_line(r->err,
	    "portlease: *: outside: pid %ld (%s serve %s) listened on *:%s",
	    pid, guest, port, port);
	story_line(RUN("cat", file)->out,
	    "{*\"event\":\"outside\"*\"pid\":%ld,*\"protocol\":\"tcp\",*:%s\"*"
	    "}",
	    pid, port);
}

Test(uncovered, listeners_outside_of_programs_that_the_shim_is_not_in)
{
	expect_outside(GUEST("static-raw"));
	expect_outside(GUEST("raw"));
}

/* It is no child of the monitor. */
Test(uncovered, a_listener_outside_of_a_program_that_came_in_by_exec)
{
	const char *port = reserve_port();
	struct run *server = START(
	    PORTLEASE, "run", "-p", port, TELL_IP, "sh", "-c", "read line");
	const char *ip = story_ip(server);
	struct run *exec = START(
	    PORTLEASE, "exec", "--lease", ip, GUEST("raw"), "serve", port);
	long pid = story_number(story_says(exec, "ready"), "pid ");

	story_tell(server, "end\n");
	(void)story_end(server);
	story_line(server->err,
	    "portlease: %s: outside: pid %ld (*) listened on *:%s", ip, pid,
	    port);
	(void)story_end(exec);
}

Test(uncovered, a_server_in_its_lease_has_nothing_outside)
{
	struct run *r =
	    START(PORTLEASE, "run", "-v", GUEST("fixedport"), "9926");

	story_says(r, "ready");
	story_signal(r, SIGTERM);
	(void)story_end(r);
	cr_expect_null(strstr(r->err, "outside"), "%s", r->err);
}
