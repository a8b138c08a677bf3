/* SPDX-License-Identifier: ISC */
/*
 * A stderr that nobody reads: a pipe that is full, with a reader who never
 * takes anything out of it.  Nobody may wait for him, and no lease stay.
 */
#include "story.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

STORIES(deaf);

enum { ROOM = 4096 };

#define SAYING_TO(fifo, ...)                                                   \
	"sh", "-c", "exec \"$@\" 2>\"$0\"", fifo, __VA_ARGS__

struct deaf {
	const char *path; /* of a FIFO */
	int fd; /* its end to read from */
};

static struct deaf
deaf(void)
{
	struct deaf d = { story_path("stderr"), -1 };

	(void)unlink(d.path);

	cr_assert_eq(mkfifo(d.path, 0600), 0);
	d.fd = open(d.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	cr_assert_eq(fcntl(d.fd, F_SETPIPE_SZ, ROOM), ROOM);
	return d;
}

static void
fill(const struct deaf *d)
{
	static const char nothing[ROOM];
	int fd = open(d->path, O_WRONLY | O_CLOEXEC);

	cr_assert_eq(write(fd, nothing, ROOM), ROOM);
	close(fd);
}

static bool
is_full(const void *deaf)
{
	const struct deaf *d = deaf;
	int n = 0;

	cr_assert_eq(ioctl(d->fd, FIONREAD, &n), 0);
	return n == ROOM;
}

Test(deaf, a_full_stderr_keeps_no_lease)
{
	struct deaf d = deaf();
	struct run *r = START(SAYING_TO(d.path, PORTLEASE, "run", "-g", "1s",
	    "sh", "-c", "sleep 600 & echo ready; yes >&2"));

	story_says(r, "ready");
	story_until(is_full, &d);
	story_signal(r, SIGTERM);
	story_end(r);
	cr_expect(WIFSIGNALED(r->status) && WTERMSIG(r->status) == SIGTERM,
	    "%x", (unsigned int)r->status);
	story_left_nothing();
}

Test(deaf, the_exit_status_still_tells_of_a_leak)
{
	struct deaf d = deaf();
	struct run *r;

	fill(&d);
	r = RUN(SAYING_TO(d.path, PORTLEASE, "run", "--on-leak", "fail", "sh",
	    "-c", "sleep 600 &"));
	cr_expect_eq(WEXITSTATUS(r->status), 123);
	story_left_nothing();
}

Test(deaf, the_command_runs_all_the_same)
{
	struct deaf d = deaf();
	struct run *r;

	fill(&d);
	r = RUN(SAYING_TO(d.path, PORTLEASE, "run", "-v", "echo", "ran"));
	cr_expect_eq(r->status, 0);
	cr_expect_str_eq(r->out, "ran\n");
}

Test(deaf, who_is_not_ready_is_ended_all_the_same)
{
	struct deaf d = deaf();
	struct run *r;

	fill(&d);
	r = RUN(SAYING_TO(d.path, PORTLEASE, "run", "--cap", "200ms",
	    "--ready-listen", "9925", "sleep", "600"));
	cr_expect_eq(WEXITSTATUS(r->status), 124);
	story_left_nothing();
}

/* What a reader gets who makes room once the command has ended. */
static void
read_late(char text[ROOM + 1])
{
	struct deaf d = deaf();
	struct run *r;
	ssize_t n;

	fill(&d);
	r = START(SAYING_TO(
	    d.path, PORTLEASE, "run", "sh", "-c", "sleep 600 & echo ready"));
	story_says(r, "ready");
	cr_assert_eq(read(d.fd, text, ROOM), ROOM);
	story_end(r);
	n = read(d.fd, text, ROOM);
	text[n > 0 ? n : 0] = '\0';
	close(d.fd);
}

/*
 * A reader has a second for each line, which on a busy machine the test may
 * miss: one time of ten is enough to show it.
 */
Test(deaf, who_reads_after_a_while_misses_nothing)
{
	char text[ROOM + 1] = "";
	int rounds = 10;

	while (story_count(text, "\n") < 2 && rounds-- > 0)
		read_late(text);
	story_line(text,
	    "portlease: 127.*: straggler: pid * (sleep 600); ended by SIGTERM");
	story_line(text, "portlease: 127.*: CLEAN: *");
}
