/* SPDX-License-Identifier: ISC */
/*
 * The processes that have a record mapped for writing: every program that the
 * shim is in, and every fork of one, whatever it does to its environment and
 * its descriptors.
 *
 * The kernel counts the writers of a file.  It refuses a lease for reading
 * (F_SETLEASE, fcntl(2)) while there is one, in whatever namespace: one call
 * tells that nobody is left.  /proc/PID/maps tells who is.
 */
#ifndef RECMAPS_H
#define RECMAPS_H

#include <stdbool.h>
#include <sys/types.h>

enum writers {
	WRITERS_NONE,
	WRITERS_SOME,
	WRITERS_UNSEEN /* the file system, or the system, has no leases */
};

/*
 * Has any process the file of fd, which was opened for reading alone, open or
 * mapped for writing?  Our own descriptors and mappings count.
 */
enum writers recmaps_writers(int fd);

/*
 * Does the process map the file of fd for writing?  1 or 0; -1 with errno as
 * procfs_stat, when it may not be looked at.
 */
int recmaps_has(pid_t pid, int fd);

/* Is the process one of ours: does it execute the same file as we do? */
bool recmaps_tool(pid_t pid);

#endif
