/* SPDX-License-Identifier: ISC */
/*
 * A program that the shim cannot enter is named at the end, with what keeps
 * the shim out.
 */
#include "story.h"

#include <sys/stat.h>
#include <sys/xattr.h>

#include <criterion/criterion.h>
#include <linux/capability.h>
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
