/* SPDX-License-Identifier: ISC */
/*
 * What the caller has handed to the command ends when the command closes it:
 * the command goes on, and nothing of portlease holds a pipe, a socket or a
 * lock meanwhile.
 */
#include "story.h"

#include <sys/file.h>
#include <sys/socket.h>

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

STORIES(handed);

/* A command that closes these and goes on. */
#define CLOSES(which) "sh", "-c", "exec " which "; exec sleep 600"

static bool
has_ended_stdout(const void *arg)
{
	const struct run *r = arg;

	return r->fd[0] == -1;
}

Test(handed, the_end_of_stdout_is_seen)
{
	struct run *r = START(PORTLEASE, "run", CLOSES(">&-"));

	story_until(has_ended_stdout, r);
	cr_expect_not(r->ended);
}

static bool
has_no_reader(const void *arg)
{
	const struct run *r = arg;
	struct pollfd fd = { .fd = r->in };

	return poll(&fd, 1, 0) == 1 && fd.revents & POLLERR;
}

Test(handed, nobody_reads_a_stdin_that_was_closed)
{
	struct run *r = START(PORTLEASE, "run", CLOSES("<&-"));

	story_until(has_no_reader, r);
	cr_expect_not(r->ended);
}

static bool
is_hung_up(const void *arg)
{
	struct pollfd fd = { .fd = *(const int *)arg, .events = POLLIN };

	return poll(&fd, 1, 0) == 1 && fd.revents & POLLHUP;
}

Test(handed, the_end_of_a_socket_is_seen)
{
	int pair[2];
	struct run *r;

	cr_assert_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	cr_assert_eq(dup2(pair[1], 9), 9);
	close(pair[1]);
	r = START(PORTLEASE, "run", CLOSES("9>&-"));
	close(9);
	story_until(is_hung_up, &pair[0]);
	cr_expect_not(r->ended);
}

/* Through a description of its own, as another process would. */
static bool
is_free(const void *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), rc;

	rc = flock(fd, LOCK_EX | LOCK_NB);
	close(fd);
	return rc == 0;
}

Test(handed, a_lock_is_free)
{
	const char *path = story_path("lock");
	struct run *r;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	cr_assert_eq(flock(fd, LOCK_EX), 0);
	cr_assert_eq(dup2(fd, 9), 9);
	close(fd);
	r = START(PORTLEASE, "run", CLOSES("9>&-"));
	close(9);
	story_until(is_free, path);
	cr_expect_not(r->ended);
}

/* The command never has a lock of fcntl(2), so the front must keep it. */
Test(handed, a_lock_of_the_process_is_kept)
{
	const char *path = story_path("lock");
	struct flock lock = { .l_type = F_WRLCK };
	struct run *r = START(GUEST("holder"), path, PORTLEASE, "run", "sh",
	    "-c", "echo runs; exec sleep 600");
	int fd;

	story_says(r, "runs");
	fd = open(path, O_RDWR | O_CLOEXEC);
	cr_assert_eq(fcntl(fd, F_GETLK, &lock), 0);
	cr_expect_eq(lock.l_type, F_WRLCK);
	close(fd);
}
