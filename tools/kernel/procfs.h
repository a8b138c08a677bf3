/* SPDX-License-Identifier: ISC */
/*
 * What /proc shows of processes.  See proc(5).
 *
 * Every function that takes a pid fails with ESRCH when there is no such
 * process, or none that this /proc shows: procfs_hidden() tells whether that
 * is the same.  Nothing here prints, and nothing keeps state.  Callbacks
 * return 0 to go on; any other value ends the walk and is its result.
 */
#ifndef PROCFS_H
#define PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct procfs_stat {
	pid_t pid;
	pid_t ppid;
	pid_t pgrp;
	pid_t session;
	char state; /* as in proc(5): R S D Z T t X I */
	long threads; /* a zombie leader with others alive has more than 1 */
	uint64_t start; /* clock ticks after boot; with pid, an identity */
	char comm[64]; /* printable: see printable.h */
};

struct procfs_status {
	pid_t tgid; /* of the group leader: pid may be a thread's */
	pid_t tracer; /* 0: nobody */
	pid_t inner; /* its pid in its own, innermost pid namespace */
	uid_t uid; /* real */
	uid_t euid; /* effective */
};

/* 0; -1 with ESRCH, EACCES or EPERM (hidepid=1), EBADMSG. */
int procfs_stat(pid_t pid, struct procfs_stat *stat);
int procfs_status(pid_t pid, struct procfs_status *status);

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
 * The socket inodes that the process holds, each with its descriptor; once
 * per descriptor.  0 at the end; -1 with ESRCH, EACCES.  For an instant of
 * its death EACCES is said of a process of our own, too.
 */
int procfs_sockets(
    pid_t pid, int (*each)(uint32_t inode, int fd, void *arg), void *arg);

/* Every process (not thread) in /proc.  0 at the end; -1 with errno. */
int procfs_each(int (*each)(pid_t pid, void *arg), void *arg);

/*
 * All processes in one pass, in the order of their pids.  Returns how many,
 * with *list from the heap for the caller to free; -1 with errno (ENOMEM,
 * EMFILE; ENOENT without /proc).  A pass is no snapshot: who forks meanwhile
 * may be missed.  Processes that ended meanwhile or may not be read are left
 * out.
 */
ssize_t procfs_list(struct procfs_stat **list);

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
 * Whether this errno speaks of us, who are short of descriptors or memory, and
 * not of the process that was asked about.
 */
bool procfs_starved(int error);

/* The boot id, 36 characters.  0; -1 with errno. */
#define PROCFS_BOOT_ID 37
int procfs_boot_id(char id[static PROCFS_BOOT_ID]);

/* Our own namespace of a kind ("net", "pid"): its inode.  0; -1, errno. */
int procfs_namespace(const char *kind, uint64_t *inode);

/* The same of another process; -1 with ENOENT when it is gone, EACCES. */
int procfs_namespace_of(pid_t pid, const char *kind, uint64_t *inode);

/* The parsers beneath, pure.  0; -1 with EBADMSG. */
int procfs_parse_stat(const char *text, struct procfs_stat *stat);
int procfs_parse_status(const char *text, struct procfs_status *status);

/* One line of mountinfo: 1 a /proc that hides, 0 one that does not, -1 other.
 */
int procfs_parse_mount(const char *line);

#endif
