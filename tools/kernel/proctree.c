/* SPDX-License-Identifier: ISC */
/*
 * /proc is read once; descent is worked out in memory, since
 * /proc/PID/task/TID/children does not exist in every kernel.
 */
#include "kernel/proctree.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Rounds are many more than a storm of a few chains needs. */
enum { CHILDREN = 4096, ROUNDS = 100 };

static const struct procfs_stat *
find(const struct procfs_stat *list, ssize_t n, pid_t pid)
{
	ssize_t low = 0, high = n;

	while (low < high) {
		ssize_t mid = (low + high) / 2;

		if (list[mid].pid < pid)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n && list[low].pid == pid ? &list[low] : NULL;
}

/* Bounded, as a pass may lie. */
bool
proctree_descends(
    const struct procfs_stat *list, ssize_t n, pid_t pid, pid_t root)
{
	const struct procfs_stat *p;

	for (ssize_t i = 0; i <= n && pid > 1; i++) {
		p = find(list, n, pid);
		if (p == NULL)
			return false;
		if (p->ppid == root)
			return true;
		pid = p->ppid;
	}
	return false;
}

ssize_t
proctree_descendants(pid_t root, struct procfs_stat **list)
{
	struct procfs_stat *all, *out;
	ssize_t n = procfs_list(&all);
	ssize_t found = 0;

	*list = NULL;
	if (n == -1)
		return -1;
	out = calloc((size_t)n + 1, sizeof(*out));
	for (ssize_t i = 0; i < n && out != NULL; i++)
		if (!procfs_dead(&all[i]) &&
		    proctree_descends(all, n, all[i].pid, root))
			out[found++] = all[i];
	free(all);
	*list = out;
	return out == NULL ? -1 : found;
}

int
proctree_signal_one(pid_t pid, uint64_t start, int sig)
{
	int fd = procfs_pidfd(pid, start), rc;

	if (fd == -1)
		return -1;
	rc = (int)syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0);
	if (rc == 0 && sig != SIGKILL && sig != SIGCONT)
		(void)syscall(SYS_pidfd_send_signal, fd, SIGCONT, NULL, 0);
	close(fd);
	return rc;
}

/* Our own children, by pid; 0 where /proc has no such file. */
static size_t
children(pid_t pids[static CHILDREN])
{
	FILE *f = fopen("/proc/thread-self/children", "re");
	size_t n = 0;

	while (f != NULL && n < CHILDREN && fscanf(f, "%d", &pids[n]) == 1)
		n++;
	if (f != NULL)
		(void)fclose(f);
	return n;
}

/*
 * Against a storm of forks: a walk of /proc takes longer than a process of it
 * lives, but its parent does not survive it either, so that it is ours.  Kill
 * all children, again until no new one comes.  Their pids cannot be
 * another's, since only we reap them.
 */
static void
kill_children(void)
{
	pid_t before[CHILDREN], now[CHILDREN];
	size_t nbefore = 0, n;

	for (int i = 0; i < ROUNDS; i++) {
		n = children(now);
		if (n == nbefore && memcmp(now, before, n * sizeof(*now)) == 0)
			return;
		for (size_t k = 0; k < n; k++)
			(void)kill(now[k], SIGKILL);
		memcpy(before, now, n * sizeof(*now));
		nbefore = n;
	}
}

int
proctree_signal(int sig)
{
	struct procfs_stat *list;
	ssize_t n;
	int sent = 0;

	if (procfs_check() < 0)
		return -1;
	if (sig == SIGKILL)
		kill_children();
	n = proctree_descendants(getpid(), &list);
	for (ssize_t i = 0; i < n; i++)
		if (proctree_signal_one(list[i].pid, list[i].start, sig) == 0)
			sent++;
	free(list);
	return n == -1 ? -1 : sent;
}
