/* SPDX-License-Identifier: ISC */
#include "why/elsewhere.h"
#include "base/fail.h"
#include "kernel/procfs.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

/* Namespaces that were looked at: more are passed over. */
enum { NAMESPACES = 256 };

struct seen {
	uint64_t list[NAMESPACES];
	size_t n;
};

static bool
is_new(struct seen *seen, uint64_t netns)
{
	for (size_t i = 0; i < seen->n; i++)
		if (seen->list[i] == netns)
			return false;
	if (seen->n == NAMESPACES)
		return false;
	seen->list[seen->n++] = netns;
	return true;
}

/* A handle that asks about the namespace of this process; NULL. */
static struct sockdiag *
open_in(pid_t pid, int ours)
{
	struct sockdiag *diag = NULL;
	char path[32];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd != -1 && setns(fd, CLONE_NEWNET) == 0) {
		diag = sockdiag_open();
		if (setns(ours, CLONE_NEWNET) == -1)
			abort(); /* all that follows would be about another */
	}
	if (fd != -1)
		close(fd);
	return diag;
}

int
elsewhere_sockets(const struct target *t, struct sockets *out)
{
	int ours = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct seen seen = { 0 };
	struct sockdiag *diag;
	uint64_t netns;
	pid_t *pids;
	ssize_t n;

	if (ours == -1)
		return -1;
	n = procfs_pids(&pids);
	if (n < 0)
		return close_quietly(ours);
	if (procfs_namespace("net", &netns) == 0)
		(void)is_new(&seen, netns);
	for (ssize_t i = 0; i < n; i++) {
		if (procfs_namespace_of(pids[i], "net", &netns) == -1 ||
		    !is_new(&seen, netns))
			continue;
		diag = open_in(pids[i], ours);
		if (diag != NULL)
			(void)sockdiag_at(
			    diag, t->ip, t->prefix_len, t->port, out);
		sockdiag_close(diag);
	}
	free(pids);
	close(ours);
	return 0;
}
