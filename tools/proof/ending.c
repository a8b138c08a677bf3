/* SPDX-License-Identifier: ISC */
/*
 * A pidfd names a process for good, to signal it and to wait for it.  One is
 * open at a time, so that there may be more members than we may have
 * descriptors.
 */
#include "proof/ending.h"
#include "base/clock.h"
#include "kernel/proctree.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>

enum {
	DYING_WAIT = 100, /* milliseconds */
	STARVED_WAIT = 10, /* until a descriptor may be had */
	ANCESTORS = 64, /* that may be proven one by the next */
	STOPS = 64 /* passes that stop processes before those are killed */
};

/* A pidfd; when none is to be had, try again until then (clock_ms). */
static int
open_one(const struct member *one, int64_t until)
{
	int fd;

	while ((fd = procfs_pidfd(one->pid, one->start)) == -1 &&
	       errno != ESRCH && clock_ms() < until)
		(void)poll(NULL, 0, STARVED_WAIT);
	return fd;
}

/* Has it ended by then?  False, too, when we cannot know. */
static bool
ends(const struct member *one, int64_t until)
{
	struct pollfd pfd = { .fd = open_one(one, until), .events = POLLIN };
	int64_t left;
	int rc;

	if (pfd.fd == -1)
		return errno == ESRCH;
	do {
		left = until - clock_ms();
		rc = poll(&pfd, 1, left > 0 ? (int)left : 0);
	} while (rc == -1 && errno == EINTR);
	close(pfd.fd);
	return rc == 1;
}

/* All have to end, so the order of waiting does not matter. */
size_t
ending_wait(const struct members *m, int64_t ms)
{
	int64_t until = clock_ms() + ms;
	size_t left = 0;

	for (size_t i = 0; i < m->n; i++)
		left +=
		    members_proven(&m->list[i]) && !ends(&m->list[i], until);
	return left;
}

static void
signal_proven(const struct members *m, int sig)
{
	for (size_t i = 0; i < m->n; i++)
		if (members_proven(&m->list[i]))
			(void)proctree_signal_one(
			    m->list[i].pid, m->list[i].start, sig);
}

size_t
ending_ask(const struct members *m, int sig, int64_t grace)
{
	signal_proven(m, sig);
	return ending_wait(m, grace);
}

static size_t
count_unproven(const struct members *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		n += !members_proven(&m->list[i]);
	return n;
}

size_t
ending_unproven(struct members *m, const struct stored *s)
{
	int64_t until = clock_ms() + DYING_WAIT;
	size_t left = 0;

	if (count_unproven(m) == 0)
		return 0;
	for (size_t i = 0; i < m->n; i++)
		if (members_proven(&m->list[i]) || !ends(&m->list[i], until))
			m->list[left++] = m->list[i];
	m->n = left;
	members_exclude_callers(m, s);
	return count_unproven(m);
}

/* The second witness may be its parent, proven in the same way. */
static bool
proven_now(struct search_ctx *ctx, const struct procfs_stat *p, int ancestors)
{
	unsigned int w = witness_ask(ctx, p);
	struct procfs_stat parent;

	if (witness_proven(w) || w == 0 || w & WITNESS_PARENT)
		return witness_proven(w);
	return ancestors > 0 && !witness_excluded(ctx, p->ppid) &&
	       procfs_stat(p->ppid, &parent) == 0 && !procfs_dead(&parent) &&
	       parent.start <= p->start &&
	       proven_now(ctx, &parent, ancestors - 1);
}

static bool
holds(const struct members *m, const struct procfs_stat *p)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->list[i].pid == p->pid && m->list[i].start == p->start)
			return true;
	return false;
}

/* The descriptor first: what is then true of the pid is true of it. */
static bool
stop_if_proven(struct search_ctx *ctx, pid_t pid, struct members *stopped)
{
	struct member one = { .pid = pid, .witnesses = ~0U };
	struct procfs_stat st;
	bool proven;
	int fd = witness_excluded(ctx, pid) ? -1 : pidfd_open(pid, 0);

	if (fd == -1)
		return false;
	proven = procfs_stat(pid, &st) == 0 && !procfs_dead(&st) &&
		 !holds(stopped, &st) && proven_now(ctx, &st, ANCESTORS) &&
		 pidfd_send_signal(fd, SIGSTOP, NULL, 0) == 0;
	one.start = st.start;
	if (proven && members_add(stopped, &one) == -1)
		(void)pidfd_send_signal(fd, SIGKILL, NULL, 0);
	close(fd);
	return proven;
}

/* How many of these pids, in order, are not above the last one given out. */
static size_t
count_current(const pid_t *pids, size_t n)
{
	pid_t last = procfs_last_pid();

	while (n > 0 && pids[n - 1] > last)
		n--;
	return n;
}

static bool
stop_new(struct search_ctx *ctx, struct members *stopped)
{
	size_t n, youngest;
	bool any = false;
	pid_t *pids;
	ssize_t found = procfs_pids(&pids);

	n = found > 0 ? (size_t)found : 0;
	/* Those above the last one are older than all the others. */
	youngest = n + count_current(pids, n);
	for (size_t i = 1; i <= n && ctx->error == 0; i++)
		any |= stop_if_proven(ctx, pids[(youngest - i) % n], stopped);
	free(pids);
	return any;
}

size_t
ending_kill(
    const struct stored *s, const struct evidence *sockets, int64_t until)
{
	struct members stopped = { 0 };
	struct search_ctx ctx;
	int64_t left;
	size_t killed;

	witness_begin(&ctx, s, sockets);
	for (int i = 0; i < STOPS && stop_new(&ctx, &stopped); i++)
		;
	(void)witness_end(&ctx);
	signal_proven(&stopped, SIGKILL);
	left = until - clock_ms();
	(void)ending_wait(&stopped, left > 0 ? left : 0);
	killed = stopped.n;
	members_free(&stopped);
	return killed;
}
