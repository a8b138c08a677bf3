/* SPDX-License-Identifier: ISC */
/*
 * /proc is read once; who descends from whom is worked out in memory, since
 * /proc/PID/task/TID/children does not exist in every kernel.
 */
#include "kernel/proctree.h"
#include "base/fault.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct procfs_stat *
find(struct procfs_stat *list, ssize_t n, pid_t pid)
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

/* Does the chain of parents reach root?  Bounded, as a pass may lie. */
static bool
descends(struct procfs_stat *list, ssize_t n, pid_t pid, pid_t root)
{
	struct procfs_stat *p;

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

static bool
alive(const struct procfs_stat *p)
{
	/* A zombie leader whose other threads live is no corpse. */
	return (p->state != 'Z' && p->state != 'X') || p->threads > 1;
}

ssize_t
proctree_descendants(pid_t root, struct procfs_stat **list)
{
	struct procfs_stat *all, *out;
	ssize_t n = fault("tree.list") == -1 ? -1 : procfs_list(&all);
	ssize_t found = 0;

	*list = NULL;
	if (n == -1)
		return -1;
	out = calloc((size_t)n + 1, sizeof(*out));
	if (out == NULL) {
		free(all);
		errno = ENOMEM;
		return -1;
	}
	for (ssize_t i = 0; i < n; i++)
		if (alive(&all[i]) && descends(all, n, all[i].pid, root))
			out[found++] = all[i];
	free(all);
	*list = out;
	return found;
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

int
proctree_signal(int sig)
{
	struct procfs_stat *list;
	ssize_t n = proctree_descendants(getpid(), &list);
	int sent = 0;

	for (ssize_t i = 0; i < n; i++)
		if (proctree_signal_one(list[i].pid, list[i].start, sig) == 0)
			sent++;
	free(list);
	return n == -1 ? -1 : sent;
}
