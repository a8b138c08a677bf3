/* SPDX-License-Identifier: ISC */
/*
 * What /proc shows of processes.  See proc(5).
 *
 * Every function that takes a pid fails with ESRCH when there is no such
 * process, or none that this /proc shows: procfs_hidden() tells whether that
 * is the same.  Nothing here prints, and nothing keeps state.  Lists come from
 * the heap, for the caller to free.
 */
#ifndef PROCFS_H
#define PROCFS_H

#include "kernel/procparse.h"

/*
 * Read the beginning of a file, at most size - 1 bytes, and end it with a NUL.
 * The format makes the path.  Returns the length; -1 with errno, text empty.
 */
ssize_t procfs_read(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* 0; -1 with ESRCH, EACCES or EPERM (hidepid=1), EBADMSG. */
int procfs_stat(pid_t pid, struct procfs_stat *stat);
int procfs_status(pid_t pid, struct procfs_status *status);

/* No thread of it is alive: a zombie leader whose other threads live is not. */
bool procfs_dead(const struct procfs_stat *stat);

/* The same, or the last thread is on its way out: it forks no more. */
bool procfs_dying(const struct procfs_stat *stat);

/* Does the process with this pid and start time live? */
bool procfs_alive(pid_t pid, uint64_t start);

/*
 * The arguments joined with spaces, fit for a terminal; "[comm]" when there
 * are none.  Ends with "..." when it did not fit into size bytes, or into
 * 4096.  0; -1 with errno as procfs_stat, and ENOSPC when size is below 4.
 */
int procfs_cmdline(pid_t pid, char *line, size_t size);

/*
 * Whether the environment that the process was started with holds the entry
 * name + value, name including its '='.  1 or 0; -1 with ESRCH, EACCES.
 * 0 is no proof: a program may overwrite its environment (setproctitle).
 */
int procfs_environ_has(pid_t pid, const char *name, const char *value);

/*
 * The inodes of the sockets that the process has open, once a descriptor.
 * Returns how many; -1 with ESRCH, EACCES, ENOMEM.  While it dies EACCES is
 * said for a moment of a process of our own, too.
 */
ssize_t procfs_sockets(pid_t pid, uint32_t **inodes);

/* Every process (not thread) in /proc.  Returns how many; -1 with errno. */
ssize_t procfs_pids(pid_t **pids);

/*
 * The pid that was given out last; the next one may be the lowest that is free.
 * 0 when that cannot be seen.  See proc(5), /proc/loadavg.
 */
pid_t procfs_last_pid(void);

/* The threads of a process, itself included. */
ssize_t procfs_threads(pid_t pid, pid_t **tids);

/*
 * All processes in one pass, in the order of their pids.  Returns how many; -1
 * with errno (ENOMEM, EMFILE; ENOENT without /proc).  A pass is no snapshot: a
 * process that is forked meanwhile may be missed.  One that ended meanwhile or
 * may not be read is left out.
 */
ssize_t procfs_list(struct procfs_stat **list);

/*
 * Is what is mounted at /proc of our own pid namespace?  0; -1 with ENXIO when
 * it is not, so that its pids are not those of the system calls: then no
 * process is listed, or gets a descriptor.  -1 with EMFILE, ENFILE or ENOMEM
 * when that could not be found out.
 */
int procfs_check(void);

/*
 * Whether processes may exist that /proc does not show us: hidepid, a /proc
 * of another pid namespace, or none.  Conservative where it cannot tell;
 * root is taken to see everything that is mounted.
 */
bool procfs_hidden(void);

/*
 * A descriptor of the process that has this pid and this start time, with
 * O_CLOEXEC.  -1 with ESRCH when it is gone or its pid is another's now;
 * anything else (EMFILE; ENOSYS before Linux 5.3) says nothing about it.
 */
int procfs_pidfd(pid_t pid, uint64_t start);

/*
 * Whether this errno says that we are short of descriptors or memory, and
 * nothing about the process that was asked about.
 */
bool procfs_starved(int error);

/* The boot id, 36 characters.  0; -1 with errno. */
#define PROCFS_BOOT_ID 37
int procfs_boot_id(char id[static PROCFS_BOOT_ID]);

/* Our own namespace of a kind ("net", "pid"): its inode.  0; -1, errno. */
int procfs_namespace(const char *kind, uint64_t *inode);

/* The same of another process; -1 with ENOENT when it is gone, EACCES. */
int procfs_namespace_of(pid_t pid, const char *kind, uint64_t *inode);

#endif
