/* SPDX-License-Identifier: ISC */
/*
 * What portlease is not meant to be given: one line on stderr, status 125,
 * and nothing leased, nothing run.
 */
#include "story.h"

#include "store/lease.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

STORIES(badinput);

/* Must fail with 125 and one line that has the hint in it. */
static const struct row {
	const char *hint; /* NULL: any line will do */
	const char *argv[8];
} rows[] = {
	{ "frobnicate", { "frobnicate" } },
	{ "is release meant?", { "relese" } },
	{ "is --owner meant?", { "run", "--ownr", "0", "echo", "ran" } },
	{ "portlease run -v", { "-v", "run", "echo", "ran" } },
	{ "no command", { "help", "frobnicate" } },
	{ "write 5s", { "run", "--grace", "5", "echo", "ran" } },
	{ "'99999' is above 65535",
	    { "run", "-p", "80,99999,81", "echo", "ran" } },
	{ "'9927-9925' is no range",
	    { "run", "-p", "80,9927-9925", "echo", "ran" } },
	{ "'' is empty", { "run", "-p", "80,", "echo", "ran" } },
	{ "'http' is no number", { "run", "-p", "80,http", "echo", "ran" } },
	{ "frobnicate", { "run", "--frobnicate", "echo", "ran" } },
	{ NULL, { "run", "-Z", "echo", "ran" } },
	{ NULL, { "run" } },
	{ NULL, { "run", "--" } },
	{ NULL, { "run", "-v" } },
	{ NULL, { "run", "--ports" } },
	{ NULL, { "run", "-p", "", "echo", "ran" } },
	{ "http", { "run", "-p", "http", "echo", "ran" } },
	{ NULL, { "run", "-p", "0", "echo", "ran" } },
	{ "65536", { "run", "-p", "65536", "echo", "ran" } },
	{ "70000", { "run", "--ports", "1883,70000", "echo", "ran" } },
	{ "99999999999999999999",
	    { "run", "-p", "99999999999999999999", "echo", "ran" } },
	{ NULL, { "run", "-p", "9925-", "echo", "ran" } },
	{ NULL, { "run", "-p", "-9925", "echo", "ran" } },
	{ NULL, { "run", "-p", "9927-9925", "echo", "ran" } },
	{ NULL, { "run", "-p", "9925,,9926", "echo", "ran" } },
	{ NULL, { "run", "-p", "9925,", "echo", "ran" } },
	{ NULL, { "run", "-p", " 9925", "echo", "ran" } },
	{ NULL, { "run", "-p", "9925-9926-9927", "echo", "ran" } },
	{ NULL, { "run", "-p", "+9925", "echo", "ran" } },
	{ NULL, { "run", "-p", "0x26c5", "echo", "ran" } },
	{ "10.0.0.1", { "run", "--ip", "10.0.0.1", "echo", "ran" } },
	{ "128.0.0.1", { "run", "--ip", "128.0.0.1", "echo", "ran" } },
	{ NULL, { "run", "--ip", "", "echo", "ran" } },
	{ "127.0.0", { "run", "--ip", "127.0.0", "echo", "ran" } },
	{ "127.0.0.256", { "run", "--ip", "127.0.0.256", "echo", "ran" } },
	{ NULL, { "run", "--ip", "127.0.0.1.1", "echo", "ran" } },
	{ "localhost", { "run", "--ip", "localhost", "echo", "ran" } },
	{ "::1", { "run", "--ip", "::1", "echo", "ran" } },
	{ "NODE_HOSTNAME",
	    { "run", "--ip-arg", "NODE_HOSTNAME", "echo", "ran" } },
	{ NULL, { "run", "--ip-arg", "HOST", "echo", "--HOST=10.1.2.3" } },
	{ "28255", { "run", "-p", "28255", "--ip", "127.0.0.9", "echo" } },
	{ "28255", { "run", "-p", "28255", "--ip-arg", "HOST", "echo",
		       "--HOST=127.0.0.9" } },
	{ "28255",
	    { "run", "--ready-listen", "28255", "--ip", "127.0.0.9", "echo" } },
	{ NULL, { "run", "--ip-arg", "HOST", "echo", "--HOST=" } },
	{ NULL, { "run", "-g", "", "echo", "ran" } },
	{ "soon", { "run", "-g", "soon", "echo", "ran" } },
	{ "10d", { "run", "--grace", "10d", "echo", "ran" } },
	{ "-1s", { "run", "--grace", "-1s", "echo", "ran" } },
	{ NULL, { "run", "--wait", "s", "echo", "ran" } },
	{ NULL, { "run", "--wait", "99999999999999999999h", "echo", "ran" } },
	{ "never", { "run", "--until", "never", "echo", "ran" } },
	{ "from 1 to 255", { "run", "--leak-status", "0", "echo", "ran" } },
	{ "from 1 to 255", { "run", "--leak-status", "256", "echo", "ran" } },
	{ "perhaps", { "run", "--on-leak", "perhaps", "echo", "ran" } },
	{ "NONE", { "run", "-s", "NONE", "echo", "ran" } },
	{ NULL, { "run", "--signal", "0", "echo", "ran" } },
	{ NULL, { "run", "--signal", "99", "echo", "ran" } },
	{ "'9926' is not a name", { "run", "--name", "9926", "echo", "ran" } },
	{ "'a/b' is not a name", { "run", "--name", "a/b", "echo", "ran" } },
	{ "--replace goes with --name", { "run", "--replace", "echo", "ran" } },
	{ "no lease has the name none-such", { "show", "none-such" } },
	{ "none-such", { "exec", "--lease", "none-such", "echo", "ran" } },
	{ "portlease who 9926", { "show", "9926" } },
	{ "me", { "run", "--owner", "me", "echo", "ran" } },
	{ NULL, { "run", "--owner", "-5", "echo", "ran" } },
	{ NULL, { "exec" } },
	{ NULL, { "exec", "echo", "ran" } },
	{ "127.64.0.1", { "exec", "--lease", "127.64.0.1", "echo", "ran" } },
	{ NULL, { "exec", "--lease", "here", "echo", "ran" } },
	{ NULL, { "exec", "--lease", "10.0.0.1", "echo", "ran" } },
	{ NULL, { "show" } },
	{ NULL, { "show", "nothing" } },
	{ "127.64.0.1", { "show", "127.64.0.1" } },
	{ NULL, { "ps", "--frobnicate" } },
	{ NULL, { "reap", "somewhere" } },
};

static void
expect_refusal(const struct run *r, const char *what, const char *hint)
{
	cr_expect(WIFEXITED(r->status) && WEXITSTATUS(r->status) == 125,
	    "%s: status %x, %s", what, r->status, r->err);
	cr_expect_str_eq(r->out, "", "%s: %s", what, r->out);
	cr_expect_eq(story_count(r->err, "\n"), 1, "%s: %s", what, r->err);
	cr_expect_eq(
	    strncmp(r->err, "portlease: ", 11), 0, "%s: %s", what, r->err);
	if (hint != NULL)
		cr_expect_not_null(
		    strstr(r->err, hint), "%s: %s", what, r->err);
}

static void
refuse(const struct row *row)
{
	const char *argv[10] = { PORTLEASE };
	char what[256] = "";
	size_t i;

	for (i = 0; i < 8 && row->argv[i] != NULL; i++) {
		argv[i + 1] = row->argv[i];
		(void)strlcat(what, row->argv[i], sizeof(what));
		(void)strlcat(what, " ", sizeof(what));
	}
	expect_refusal(story_run(argv), what, row->hint);
}

/* In halves, so that two processors share them. */
static void
refuse_part(size_t part)
{
	size_t i, n = sizeof(rows) / sizeof(*rows);

	for (i = part * n / 2; i < (part + 1) * n / 2; i++)
		refuse(&rows[i]);
	story_nothing_leased();
}

Test(badinput, is_refused_in_one_line_1)
{
	refuse_part(0);
}

Test(badinput, is_refused_in_one_line_2)
{
	refuse_part(1);
}

Test(badinput, without_a_command_help_is_offered)
{
	struct run *r = RUN(PORTLEASE);

	cr_expect_eq(WEXITSTATUS(r->status), 125);
	cr_expect_str_eq(r->out, "");
	cr_expect_not_null(strstr(r->err, "help"), "%s", r->err);
}

Test(badinput, a_command_that_does_not_exist_is_127)
{
	const struct run *r;

	setenv("PATH", "/usr/bin:/bin", 1); /* nothing that is not for us */
	r = RUN(PORTLEASE, "run", "no-such-command-at-all");
	cr_expect_eq(WEXITSTATUS(r->status), 127, "%s", r->err);
	cr_expect_eq(story_count(r->err, "\n"), 1, "%s", r->err);
	cr_expect_not_null(
	    strstr(r->err, "no-such-command-at-all"), "%s", r->err);
	r = RUN(PORTLEASE, "run", "/no/such/path");
	cr_expect_eq(WEXITSTATUS(r->status), 127, "%s", r->err);
	story_nothing_leased();
}

Test(badinput, a_command_that_cannot_be_executed_is_126)
{
	const struct run *r = RUN(PORTLEASE, "run", "/etc/passwd");

	cr_expect_eq(WEXITSTATUS(r->status), 126, "%s", r->err);
	cr_expect_eq(story_count(r->err, "\n"), 1, "%s", r->err);
	r = RUN(PORTLEASE, "run", "/etc");
	cr_expect_eq(WEXITSTATUS(r->status), 126, "%s", r->err);
	story_nothing_leased();
}

Test(badinput, an_option_of_the_command_is_the_commands)
{
	struct run *r = RUN(PORTLEASE, "run", "echo", "-p", "--frobnicate");

	cr_expect_eq(r->status, 0, "%s", r->err);
	cr_expect_str_eq(r->out, "-p --frobnicate\n");
}

Test(badinput, a_shim_on_a_path_with_a_space_is_refused)
{
	const char *dir = story_path("with space");
	char script[1024];
	const struct run *r;

	(void)snprintf(script, sizeof(script),
	    "mkdir '%s' && cp " PORTLEASE " " SHIM " '%s' && "
	    "exec '%s/portlease' run echo ran",
	    dir, dir, dir);
	r = RUN("sh", "-c", script);
	expect_refusal(r, "a space", NULL);
}

/* State directories that are not ours to use. */
static void
refuse_state(const char *dir)
{
	const struct run *r;

	setenv("PORTLEASE_DIR", dir, 1);
	r = RUN(PORTLEASE, "run", "echo", "ran");
	setenv("PORTLEASE_DIR", story_state(), 1);
	expect_refusal(r, dir, dir);
	story_nothing_leased();
}

Test(badinput, a_state_directory_that_cannot_be_made_is_refused)
{
	refuse_state("/proc/self/nowhere");
}

/* A terminal obeys them, wherever they come from. */
Test(badinput, escapes_in_a_path_never_reach_the_terminal)
{
	const char *dir = story_path("\033[31mred");
	struct run *r;
	char ip[16] = "", *path;
	int fd;

	setenv("PORTLEASE_DIR", dir, 1);
	r = RUN(PORTLEASE, "run", "-v", "sh", "-c",
	    "echo $PORTLEASE_IP; exec " PORTLEASE " show $PORTLEASE_IP");
	cr_expect_eq(r->status, 0, "%s", r->err);
	(void)strlcpy(ip, r->out, strcspn(r->out, "\n") + 1);
	story_has(r->out, "/?[31mred/");
	story_has(r->err, "/?[31mred/");
	cr_expect_null(strchr(r->out, '\033'));
	cr_expect_null(strchr(r->err, '\033'));
	cr_assert_gt(asprintf(&path, "%s/%s-%llu", dir, ip,
			 (unsigned long long)lease_netns()),
	    0);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	cr_assert_neq(fd, -1);
	close(fd);
	r = RUN(PORTLEASE, "ps");
	story_has(r->out, "/?[31mred/");
	cr_expect_null(strchr(r->out, '\033'));
	r = RUN(PORTLEASE, "release", ip);
	story_has(r->err, "/?[31mred/");
	cr_expect_null(strchr(r->err, '\033'));
	cr_assert_eq(unlink(path), 0);
	setenv("PORTLEASE_DIR", "/\033[31mred/nothing", 1);
	r = RUN(PORTLEASE, "run", "true");
	story_has(r->err, "/?[31mred/");
	cr_expect_null(strchr(r->err, '\033'));
	setenv("PORTLEASE_DIR", story_state(), 1);
}

Test(badinput, a_state_directory_below_nothing_is_refused)
{
	refuse_state(story_path("not/here"));
}

Test(badinput, a_state_directory_that_is_a_file_is_refused)
{
	const char *path = story_path("file");

	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	refuse_state(path);
}

Test(badinput, a_state_directory_behind_a_symlink_is_refused)
{
	const char *path = story_path("link");

	cr_assert_eq(symlink(story_state(), path), 0);
	refuse_state(path);
}

Test(badinput, a_state_directory_of_somebody_else_is_refused)
{
	const char *path = story_path("foreign");

	cr_assert_eq(mkdir(path, 0700), 0);
	if (geteuid() != 0)
		path = "/";
	else
		cr_assert_eq(chown(path, NOBODY, NOBODY), 0);
	refuse_state(path);
}

Test(badinput, a_state_directory_that_everybody_may_write_to_is_refused)
{
	const char *path = story_path("open");

	cr_assert_eq(mkdir(path, 0700), 0);
	cr_assert_eq(chmod(path, 0777), 0);
	refuse_state(path);
}

Test(badinput, a_read_only_state_directory_is_refused)
{
	const char *path = story_path("readonly");
	char script[512];
	struct run *r;

	cr_assert_eq(mkdir(path, 0700), 0);
	(void)snprintf(script, sizeof(script),
	    "mount -t tmpfs -o mode=0700,ro none %s || exit 77; "
	    "PORTLEASE_DIR=%s exec " PORTLEASE " run echo ran",
	    path, path);
	r = RUN("unshare", "-m", "sh", "-c", script);
	if (WEXITSTATUS(r->status) == 77 || WEXITSTATUS(r->status) == 1)
		story_skip("no mount namespace: %s", r->err);
	expect_refusal(r, "read-only", NULL);
}

Test(badinput, a_full_disk_fails_the_lease_and_not_the_program)
{
	const char *path = story_path("full");
	char script[512];
	struct run *r;

	cr_assert_eq(mkdir(path, 0700), 0);
	(void)snprintf(script, sizeof(script),
	    "mount -t tmpfs -o mode=0700,size=16k none %s || exit 77; "
	    "PORTLEASE_DIR=%s exec " PORTLEASE " run echo ran",
	    path, path);
	r = RUN("unshare", "-m", "sh", "-c", script);
	if (WEXITSTATUS(r->status) == 77 || WEXITSTATUS(r->status) == 1)
		story_skip("no mount namespace: %s", r->err);
	expect_refusal(r, "full", NULL);
}

Test(badinput, what_a_limit_refuses_is_named)
{
	static const char *const limits[][2] = {
		{ "-f 0", "File too large" },
		{ "-f 10", "File too large" },
		{ "-n 8", "Too many open files" },
		{ "-n 9", "Too many open files" },
	};
	char script[128];

	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		(void)snprintf(script, sizeof(script),
		    "ulimit %s; ASAN_OPTIONS=detect_leaks=0 exec " PORTLEASE
		    " run echo ran",
		    limits[i][0]);
		expect_refusal(RUN("sh", "-c", script), limits[i][1], NULL);
	}
}

Test(badinput, a_variable_that_names_no_address_names_no_lease)
{
	expect_refusal(
	    RUN("env", "PORTLEASE_IP=zzz", PORTLEASE, "exec", "true"),
	    "PORTLEASE_IP: 'zzz'", NULL);
	expect_refusal(RUN("env", "PORTLEASE_IP=zzz", PORTLEASE, "wait",
			   "--listen", "9926"),
	    "PORTLEASE_IP: 'zzz'", NULL);
}

Test(badinput, help_fits_a_terminal)
{
	struct run *r = RUN("sh", "-c",
	    PORTLEASE " help; for c in $(" PORTLEASE
		      " help | sed -n 's/^  \\([a-z]*\\)  .*/\\1/p'); do "
		      "echo \"command $c\"; " PORTLEASE
		      " help $c || exit; done");

	cr_expect_eq(r->status, 0, "%s%s", r->out, r->err);
	story_line(r->out, "command release");
	story_line(r->out, "usage: portlease release *");
	for (char *line = strtok(r->out, "\n"); line != NULL;
	     line = strtok(NULL, "\n"))
		cr_expect_leq(strlen(line), 80, "%s", line);
}
