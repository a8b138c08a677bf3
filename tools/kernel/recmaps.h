/* SPDX-License-Identifier: ISC */
/*
 * The processes that have a record mapped for writing: every program that the
 * shim is in, and every fork of one, whatever it does to its environment and
 * its descriptors.
 *
 * The kernel counts the writers of a file.  It refuses a lease for reading
 * (F_SETLEASE, fcntl(2)) while there is one, in whatever namespace: one call
 * tells that nobody is left.  /proc/PID/maps names those that are.
 */
#ifndef RECMAPS_H
#define RECMAPS_H

#include <stdbool.h>
#include <stdint.h>
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
 * The same; and when there is none, keep the file from being opened for
 * writing until recmaps_let_go, or until our last descriptor of it is closed:
 * an open(2) with O_NONBLOCK says EWOULDBLOCK meanwhile, another one waits.
 */
enum writers recmaps_hold(int fd);
void recmaps_let_go(int fd);

/*
 * Does the kernel count mappings of the file of fd?  For a caller that has it
 * mapped for writing, and no descriptor for writing open.  In an overlay it
 * counts them for the file beneath, which no descriptor of ours is of.
 */
bool recmaps_counted(int fd);

/* A file as /proc/PID/maps names it, which fstat(2) may name otherwise. */
struct recmaps_file {
	unsigned int major;
	unsigned int minor;
	uint64_t inode;
};

/* That name of the file of fd.  0; -1 with errno. */
int recmaps_file(int fd, struct recmaps_file *file);

/*
 * Does the process map the file for writing?  1 or 0; -1 with errno as
 * procfs_stat, when it may not be looked at.
 */
int recmaps_has(pid_t pid, const struct recmaps_file *file);

/* Is the process one of ours: does it execute the same file as we do? */
bool recmaps_tool(pid_t pid);

#endif
