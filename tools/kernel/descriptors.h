/* SPDX-License-Identifier: ISC */
/*
 * The descriptors of some sockets, in all processes that may be looked at.  A
 * socket that was inherited or passed on has several holders; only a look at
 * every /proc/PID/fd is sure to find them all, and that takes 4 to 10 us for
 * each descriptor on the machine.
 */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct descriptor {
	uint32_t inode; /* of the socket */
	pid_t pid;
	int fd;
};

struct descriptors {
	struct descriptor *list; /* from the heap, by inode, then pid, fd */
	size_t n;
	size_t denied; /* processes that may not be looked at */
	size_t rings; /* processes with an io_uring, which may hold sockets
			 without a descriptor */
};

/* What to look for, and where. */
struct descriptors_search {
	const uint32_t *inodes;
	size_t n;
	const pid_t *also; /* processes that are looked at in any case */
	size_t nalso;
	bool everywhere; /* look at all processes in any case */
};

/*
 * Unless everywhere, the search ends when every socket has a holder, and then
 * looks only where it was inherited: at ancestors and descendants of holders,
 * and at processes with the first of its sockets under the same number, which
 * fork and exec keep.  0; -1 with errno as procfs_list.
 */
int descriptors_find(
    const struct descriptors_search *search, struct descriptors *out);

/* All sockets of one process.  0; -1 with errno: ESRCH, EACCES. */
int descriptors_of(pid_t pid, struct descriptors *out);

void descriptors_free(struct descriptors *d);

#endif
