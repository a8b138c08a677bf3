/* SPDX-License-Identifier: ISC */
/*
 * What a CI job asks of a lease: its findings as status lines, an exit status
 * that is a leak's alone, and portlease's own lines in a file of their own.
 */
#include "story.h"

#include <sys/wait.h>

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

STORIES(findings);

/* What the file has, in which a status line or a message was written. */
static const char *
text_of(const char *file)
{
	return RUN("cat", file)->out;
}

Test(findings, a_straggler_is_a_status_line)
{
	const char *file = story_path("status");
	struct run *server = START(PORTLEASE, "run", "--status-file", file,
	    GUEST("fixedport"), "-x", "sleep 600", "9925", "9926");
	long child = story_number(story_says(server, "child"), "child ");
	long pid = story_number(story_says(server, "ready"), "pid ");

	story_signal(server, SIGTERM);
	story_end(server);
	story_line(text_of(file),
	    "{*\"event\":\"straggler\"*\"pid\":%ld,\"command\":\"sleep 600\","
	    "\"held\":?9925,9926?,\"opened\":?{\"port\":9925,\"call\":\"bind\","
	    "\"pid\":%ld,\"program\":\"*fixedport\"}*\"alive\":false,"
	    "\"status\":0,\"signal\":15*}",
	    child, pid);
	story_line(text_of(file), "{*\"event\":\"verdict\"*\"leaked\":true,*}");
	story_left_nothing();
}

Test(findings, an_uncovered_program_is_a_status_line)
{
	const char *file = story_path("status");

	RUN(PORTLEASE, "run", "-q", "--status-file", file, GUEST("static-raw"),
	    "9925");
	story_line(text_of(file),
	    "{*\"event\":\"uncovered\"*\"program\":\"*static-raw\","
	    "\"is\":\"static\"*}");
	story_line(
	    text_of(file), "{*\"event\":\"verdict\"*\"leaked\":false,*}");
	story_left_nothing();
}

/* The exit status, and what the last status line says of it. */
static void
expect_end(const char *option, const char *value, const char *script,
    int status, const char *said)
{
	const char *file = story_path("status");
	struct run *r = RUN(PORTLEASE, "run", "--on-leak", "fail",
	    "--status-file", file, option, value, "sh", "-c", script);

	cr_expect_eq(WEXITSTATUS(r->status), status, "%s", r->err);
	story_line(text_of(file), "{*\"event\":\"verdict\"*%s*}", said);
	story_left_nothing();
}

#define LEAK "sleep 600 &"

Test(findings, a_status_of_123_is_told_apart_from_a_leak)
{
	expect_end("--grace", "5s", "exit 123", 123,
	    "\"leaked\":false,\"status\":123,\"signal\":0,"
	    "\"command_status\":123,\"command_signal\":0");
	expect_end("--grace", "5s", LEAK, 123,
	    "\"leaked\":true,\"status\":123,\"signal\":0,"
	    "\"command_status\":0,\"command_signal\":0");
	expect_end("--grace", "5s", LEAK " kill -9 $$", 0,
	    "\"leaked\":true,\"status\":0,\"signal\":9,"
	    "\"command_status\":0,\"command_signal\":9");
}

Test(findings, the_status_of_a_leak_can_be_chosen)
{
	expect_end("--leak-status", "42", LEAK, 42, "\"status\":42,");
	expect_end("--leak-status", "42", "exit 123", 123, "\"status\":123,");
	expect_end("--leak-status", "42", LEAK " exit 7", 7, "\"status\":7,");
}

Test(findings, release_has_the_status_of_a_leak_that_acquire_chose)
{
	struct run *r = RUN("sh", "-c",
	    "eval \"$(" PORTLEASE
	    " acquire --on-leak fail --leak-status 9)\"\n" LEAK "\n" PORTLEASE
	    " release; echo status $?");

	story_has(r->out, "status 9");
	story_has(r->err, "straggler: ");
	story_left_nothing();
}

Test(findings, own_lines_go_to_a_log_file)
{
	const char *log = story_path("log");
	struct run *r = RUN(PORTLEASE, "run", "-v", "--log-file", log, "sh",
	    "-c", "echo of the command >&2; " LEAK);

	cr_expect_str_eq(r->err, "of the command\n");
	story_has(text_of(log), ": leased", ": straggler: ", ": C");
	r = RUN(PORTLEASE, "run", "-v", "--log-file", log, "true");
	cr_expect_str_eq(r->err, "");
	cr_expect_eq(story_count(text_of(log), ": leased"), 2);
	story_left_nothing();
}

Test(findings, an_acquired_lease_says_its_end_to_the_log_file)
{
	const char *log = story_path("log");
	struct run *r = RUN("sh", "-c",
	    "eval \"$(" PORTLEASE " acquire -v --log-file \"$0\")\"\n" LEAK
	    "\n" PORTLEASE " release",
	    log);

	story_has(r->err, "straggler: ");
	cr_expect_null(strstr(r->err, "leased"), "%s", r->err);
	story_has(text_of(log), ": leased", ": straggler: ", ": C");
	story_left_nothing();
}

/* It has no stderr of its own in which the errors would be lost. */
Test(findings, a_refused_claim_is_in_the_log_file)
{
	const char *log = story_path("log");
	struct run *first =
	    START(PORTLEASE, "run", "--name", "one", TELL_IP, "sleep", "600");
	struct run *r;

	(void)story_ip(first);
	r = RUN(PORTLEASE, "run", "--name", "one", "--log-file", log, "true");
	cr_expect_eq(WEXITSTATUS(r->status), 125);
	cr_expect_str_eq(r->err, "");
	story_has(text_of(log), "portlease: ", "one");
	story_signal(first, SIGTERM);
	story_end(first);
	story_left_nothing();
}

Test(findings, bad_places_for_the_log_are_refused)
{
	struct run *r =
	    RUN(PORTLEASE, "run", "--log-file", "/no/such/file", "echo", "ran");

	cr_expect_eq(WEXITSTATUS(r->status), 125);
	cr_expect_str_eq(r->err,
	    "portlease: --log-file /no/such/file: No such file or "
	    "directory\n");
	cr_expect_str_eq(r->out, "");
	story_nothing_leased();
}
