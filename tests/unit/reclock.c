/* SPDX-License-Identifier: ISC */
/* Locks of other processes, as the kernel tells of them. */
#include "kernel/reclock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 5 };

struct seen {
	pid_t pids[CHILDREN + 1];
	int n;
};

static void
see(pid_t pid, void *arg)
{
	struct seen *seen = arg;

	if (seen->n <= CHILDREN)
		seen->pids[seen->n] = pid;
	seen->n++;
}

/* A child that has taken a lock, and lives until `until` is closed. */
static pid_t
child(const char *path, int (*take)(int fd), const int done[2],
    const int until[2])
{
	char c = 0;
	pid_t pid = fork();
	int fd;

	if (pid != 0) {
		cr_assert_eq(read(done[0], &c, 1), 1);
		cr_expect_eq(c, 'y');
		return pid;
	}
	close(until[1]);
	fd = open(path, O_RDWR);
	c = take(fd) == 0 ? 'y' : 'n';
	(void)!write(done[1], &c, 1);
	(void)!read(until[0], &c, 1);
	_exit(0);
}

static int
ask(int fd)
{
	pid_t holder;

	return reclock_ask(fd, &holder);
}

static int
lock(int fd, off_t first, off_t len)
{
	struct flock want = {
		.l_type = F_WRLCK, .l_start = first, .l_len = len
	};

	return fcntl(fd, F_SETLK, &want);
}

/* Below the callers, before all pids, and behind them. */
static int
lock_around(int fd)
{
	off_t callers = (off_t)1 << 32, last = callers + (1 << 30);

	return lock(fd, 5, 2) == 0 && lock(fd, callers - 1, 2) == 0 &&
		       lock(fd, last, 0) == 0
		   ? 0
		   : -1;
}

static int
lock_all(int fd)
{
	return lock(fd, 1, 0);
}

Test(reclock, the_kernel_names_the_monitor_and_all_callers)
{
	char path[] = "/tmp/portlease-unit-XXXXXX";
	int fd = mkstemp(path), done[2], until[2];
	struct seen seen = { .n = 0 };
	pid_t pids[CHILDREN], pid;

	cr_assert(fd != -1 && pipe(done) == 0 && pipe(until) == 0);
	cr_expect_not(reclock_monitor(fd, &pid));
	cr_expect_eq(pid, 0);
	pids[0] = child(path, reclock_take, done, until);
	for (int i = 1; i < CHILDREN; i++)
		pids[i] = child(path, ask, done, until);
	cr_expect(reclock_monitor(fd, &pid));
	cr_expect_eq(pid, pids[0]);
	cr_expect_eq(ask(fd), 0);
	reclock_callers(fd, see, &seen);
	cr_expect_eq(seen.n, CHILDREN - 1);
	for (int i = 1; i < CHILDREN; i++)
		cr_expect(seen.pids[0] == pids[i] || seen.pids[1] == pids[i] ||
			  seen.pids[2] == pids[i] || seen.pids[3] == pids[i]);
	close(until[1]);
	for (int i = 0; i < CHILDREN; i++)
		cr_expect_eq(waitpid(pids[i], NULL, 0), pids[i]);
	cr_expect_not(reclock_monitor(fd, &pid));
	cr_expect_eq(unlink(path), 0);
}

Test(reclock, a_caller_is_found_between_other_locks)
{
	char path[] = "/tmp/portlease-unit-XXXXXX";
	int fd = mkstemp(path), done[2], until[2];
	struct seen seen = { .n = 0 };
	pid_t pids[3];

	cr_assert(fd != -1 && pipe(done) == 0 && pipe(until) == 0);
	pids[0] = child(path, ask, done, until);
	pids[1] = child(path, lock_around, done, until);
	pids[2] = child(path, ask, done, until);
	cr_expect_eq(ask(fd), 0);
	reclock_callers(fd, see, &seen);
	cr_expect_eq(seen.n, 2);
	cr_expect(seen.pids[0] == pids[0] || seen.pids[1] == pids[0]);
	cr_expect(seen.pids[0] == pids[2] || seen.pids[1] == pids[2]);
	close(until[1]);
	for (int i = 0; i < 3; i++)
		cr_expect_eq(waitpid(pids[i], NULL, 0), pids[i]);
	cr_expect_eq(unlink(path), 0);
}

Test(reclock, a_process_in_the_way_is_named)
{
	char path[] = "/tmp/portlease-unit-XXXXXX";
	int fd = mkstemp(path), done[2], until[2];
	struct seen seen = { .n = 0 };
	pid_t pid, holder;

	cr_assert(fd != -1 && pipe(done) == 0 && pipe(until) == 0);
	pid = child(path, lock_all, done, until);
	errno = 0;
	cr_expect_eq(reclock_ask(fd, &holder), -1);
	cr_expect(errno == EAGAIN || errno == EACCES);
	cr_expect_eq(holder, pid);
	reclock_callers(fd, see, &seen);
	cr_expect_eq(seen.n, 0);
	close(until[1]);
	cr_expect_eq(waitpid(pid, NULL, 0), pid);
	cr_expect_eq(unlink(path), 0);
}
