/* SPDX-License-Identifier: ISC */
/* The life of a lease in lines: for a program, and for who sits before it. */
#include "ready.h"

#include "story.h"

#include <sys/wait.h>

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

STORIES(status);

Test(status, the_life_of_a_lease_in_lines)
{
	static const char *const events[] = { "leased", "ready", "ending",
		"verdict" };
	const char *path = story_path("status"), *at;
	char words[32];
	struct run *r = START("sh", "-c", "exec \"$@\" 3>\"$0\"", path,
	    PORTLEASE, "run", "-v", "--status-fd", "3", "--status-file",
	    story_path("twin"), "--ready-listen", "9925", "sh", "-c",
	    "echo x >&3; exec \"$0\" 9925", SLOWBOOT);

	story_warns(r, "READY");
	story_signal(r, SIGTERM);
	story_end(r);
	r = RUN("cat", path);
	at = r->out;
	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(
		    words, sizeof(words), "\"event\":\"%s\"", events[i]);
		at = strstr(at, words);
		cr_assert_not_null(at, "%s not in: %s", words, r->out);
	}
	cr_expect_eq(strncmp(r->out, "{\"version\":1,", 13), 0);
	cr_expect_null(strstr(r->out, "x\n"), "the command wrote there");
	cr_expect_str_eq(RUN("cat", story_path("twin"))->out, r->out);
}

Test(status, a_reader_of_the_status_who_stalls_holds_nobody_up)
{
	const char *fifo = story_path("fifo");
	const struct run *r;
	int in, out;

	RUN("mkfifo", fifo);
	in = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	out = open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	while (write(out, "full", 4) == 4)
		;
	r = RUN(PORTLEASE, "run", SHORT, "--status-file", fifo,
	    "--ready-listen", "9925", "sleep", "1000");
	ready_expect_not(r, 124, HUNG "not listening: 9925");
	story_left_nothing();
	close(in);
	close(out);
}

Test(status, bad_places_for_the_status_are_refused)
{
	static const char *const rows[][2] = { { "--status-fd", "99" },
		{ "--status-fd", "-1" }, { "--status-fd", "x" },
		{ "--status-file", "/no/such/file" }, { "--status-file", "" },
		{ "--ready-listen", "0" }, { "--ready-listen", "" },
		{ "--ready-cmd", "" }, { "--idle-limit", "5" },
		{ "--cap", "-1s" } };
	const struct run *r;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		r = RUN(PORTLEASE, "run", rows[i][0], rows[i][1], "true");
		cr_expect_eq(WEXITSTATUS(r->status), 125, "%s", r->err);
		story_line(r->err, "portlease: *%s*", rows[i][0]);
		cr_expect_eq(story_count(r->err, "\n"), 1, "%s", r->err);
	}
	story_left_nothing();
}

Test(status, a_terminal_is_shown_the_boot_in_one_line)
{
	struct run *r = story_terminal(
	    (const char *const[]){ PORTLEASE, "run", "--idle-limit", "1s",
		"--ready-listen", "9925,9926", SLOWBOOT, "9925", NULL });

	story_end(r);
	story_has(r->out, "starting ", " s: ", "; idle ", "; ports 1 of 2",
	    "\r\033[K", "HUNG: ");
	r = story_terminal(
	    (const char *const[]){ PORTLEASE, "run", "-q", "--idle-limit", "1s",
		"--ready-listen", "9925", "sleep", "1000", NULL });
	story_end(r);
	cr_expect_null(strstr(r->out, "starting"), "%s", r->out);
}
