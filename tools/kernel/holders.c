/* SPDX-License-Identifier: ISC */
/* The pass ends when every socket has its holder. */
#include "kernel/holders.h"
#include "kernel/procfs.h"

#include <stdlib.h>
#include <string.h>

/* Give pid the inodes among these that have no holder; returns how many. */
static size_t
assign(pid_t pid, uint32_t inode, const uint32_t inodes[],
    struct holder holders[], size_t n)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		if (inodes[i] != inode || inode == 0 || holders[i].pid != 0)
			continue;
		holders[i].pid = pid;
		if (procfs_cmdline(pid, holders[i].line, HOLDER_LINE) == -1)
			holders[i].line[0] = '\0';
		found++;
	}
	return found;
}

static size_t
look(pid_t pid, const uint32_t inodes[], struct holder holders[], size_t n)
{
	uint32_t *held;
	ssize_t nheld = procfs_sockets(pid, &held);
	size_t found = 0;

	for (ssize_t i = 0; i < nheld; i++)
		found += assign(pid, held[i], inodes, holders, n);
	free(held);
	return found;
}

void
holders_find(const uint32_t inodes[], struct holder holders[], size_t n)
{
	size_t wanted = 0;
	pid_t *pids;
	ssize_t npids;

	memset(holders, 0, n * sizeof(*holders));
	for (size_t i = 0; i < n; i++)
		wanted += inodes[i] != 0;
	npids = wanted > 0 ? procfs_pids(&pids) : -1;
	for (ssize_t i = 0; i < npids && wanted > 0; i++)
		wanted -= look(pids[i], inodes, holders, n);
	if (npids >= 0)
		free(pids);
}
