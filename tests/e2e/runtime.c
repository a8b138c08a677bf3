/* SPDX-License-Identifier: ISC */
/* A harness starts the command for us: options in the environment, its pid. */
#include "story.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUNTIME BUILD_DIR "/portlease-runtime"

STORIES(runtime);

Test(runtime, options_come_from_the_environment)
{
	struct run *r;

	r = RUN("env", "PORTLEASE_OPTIONS=-v -p '8080,8081'", PORTLEASE, "run",
	    "sh", "-c", PORTLEASE " show $PORTLEASE_IP");
	cr_expect_eq(r->status, 0, "%s", r->err);
	story_line(r->out, "ports      8080-8081");
	story_line(r->err, "portlease: 127.*: CLEAN: *");
	story_left_nothing();
}

Test(runtime, the_command_line_has_the_last_word)
{
	struct run *r = RUN("env", "PORTLEASE_OPTIONS=-p 80", PORTLEASE, "run",
	    "-p", "8082", "sh", "-c", PORTLEASE " show $PORTLEASE_IP");

	story_line(r->out, "ports      8082");
	story_left_nothing();
}

Test(runtime, a_bad_option_names_the_variable)
{
	static const struct {
		const char *variable, *line;
	} rows[] = {
		{ "PORTLEASE_OPTIONS=--grace 5",
		    "portlease: PORTLEASE_OPTIONS: run: --grace: *" },
		{ "PORTLEASE_OPTIONS=--frobnicate",
		    "portlease: PORTLEASE_OPTIONS: run: unknown option *" },
		{ "PORTLEASE_OPTIONS=--grce 5s",
		    "portlease: PORTLEASE_OPTIONS: run: unknown option *: is "
		    "--grace meant?" },
		{ "PORTLEASE_OPTIONS=echo",
		    "portlease: PORTLEASE_OPTIONS: 'echo' is no option" },
		{ "PORTLEASE_OPTIONS=-p '80",
		    "portlease: PORTLEASE_OPTIONS: a quote is not closed" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct run *r = RUN(
		    "env", rows[i].variable, PORTLEASE, "run", "echo", "ran");

		cr_expect_eq(WEXITSTATUS(r->status), 125, "%s", r->err);
		story_line(r->err, "%s", rows[i].line);
		cr_expect_str_eq(r->out, "");
	}
	story_left_nothing();
}

Test(runtime, the_pid_of_the_command_is_told)
{
	const char *file = story_path("pid file");
	struct run *r = START(PORTLEASE, "run", "--pid-file", file, TELL_IP,
	    "sh", "-c", "echo pid $$; cat \"$0\"; read line", file);
	const char *ip = story_ip(r);
	char pid[32];

	(void)snprintf(pid, sizeof(pid), "%ld\n",
	    story_number(story_says(r, "pid "), "pid "));
	story_says(r, pid);
	cr_expect_neq(strtol(pid, NULL, 10), r->pid);
	cr_expect_str_eq(RUN(PORTLEASE, "pid", ip)->out, pid);
	story_tell(r, "end\n");
	cr_expect_eq(story_end(r), 0);
	cr_expect_neq(access(file, F_OK), 0);
	r = RUN("sh", "-c",
	    "eval \"$(" PORTLEASE " acquire)\"; " PORTLEASE " pid; " PORTLEASE
	    " release");
	story_line(r->err, "portlease: pid: the lease has no command");
	story_left_nothing();
}

Test(runtime, a_pid_file_that_cannot_be_written_starts_nothing)
{
	struct run *r =
	    RUN(PORTLEASE, "run", "--pid-file", "/nowhere/pid", "echo", "ran");

	cr_expect_eq(WEXITSTATUS(r->status), 125);
	story_line(r->err, "portlease: --pid-file /nowhere/pid: No such *");
	cr_expect_str_eq(r->out, "");
	story_left_nothing();
}

/* Each "runtime" says its name and its arguments. */
static const char *
called(const char *link, const char *variable)
{
	const char *bin = story_path("bin");
	struct run *r = RUN("sh", "-c",
	    "mkdir -p \"$0/real\" && cd \"$0\" && for n in node bun deno; do "
	    "printf '#!/bin/sh\\necho %s in $PORTLEASE_IP\\n' $n >real/$n; "
	    "chmod +x real/$n; done; ln -sf " RUNTIME " $1 && "
	    "exec env \"$2\" PORTLEASE=" PORTLEASE
	    " PATH=\"$0:$0/real:$PATH\" $1 --NODE_HOSTNAME=127.0.0.77",
	    bin, link, variable);

	cr_expect_eq(r->status, 0, "%s", r->err);
	return r->out;
}

Test(runtime, the_runtime_is_the_one_that_the_harness_would_run)
{
	const char *deno = story_path("bin/real/deno");
	char variable[512];

	story_line(called("portlease-runtime", "X=y"), "node in 127.0.0.77");
	story_line(called("node", "X=y"), "node in 127.0.0.77");
	story_line(called("bun", "X=y"), "bun in 127.0.0.77");
	(void)snprintf(
	    variable, sizeof(variable), "HARPER_REAL_RUNTIME=%s", deno);
	story_line(called("node", variable), "deno in 127.0.0.77");
	story_left_nothing();
}
