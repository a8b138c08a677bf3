/* SPDX-License-Identifier: ISC */
/*
 * The parsers of what /proc shows: see proc(5).  The text is the kernel's, but
 * names and arguments in it are any program's: parsed with suspicion, and made
 * printable.  Pure.
 */
#ifndef PROCPARSE_H
#define PROCPARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct procfs_stat {
	pid_t pid;
	pid_t ppid;
	char state; /* as in proc(5): R S D Z T t X I */
	bool exiting; /* its leader is: from then on it forks no more */
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
	uint64_t pending; /* signals not delivered yet: signal n is bit n - 1 */
};

/* 0; -1 with EBADMSG. */
int procfs_parse_stat(const char *text, struct procfs_stat *stat);
int procfs_parse_status(const char *text, struct procfs_status *status);

/* The state alone in the text of a stat file, of process or thread; or 'X'. */
char procfs_parse_state(const char *text);

/* What follows key at the start of a line, or NULL. */
const char *procfs_parse_value(const char *text, const char *key);

/* One line of mountinfo: 1 a /proc that hides, 0 one that does not, -1 other.
 */
int procfs_parse_mount(const char *line);

/*
 * Make one line of len bytes of NUL-separated arguments, which text has room
 * to end with a NUL.  Returns its length.
 */
size_t procfs_join_arguments(char *text, size_t len);

/* Copy a line; where it does not fit, or is not whole, it ends with "...". */
void procfs_cut_line(char *line, size_t size, const char *text, bool whole);

/* A search for the entry name + value, in an environment that comes in pieces.
 */
struct environ_search {
	const char *name; /* with its '=' */
	const char *value;
	size_t name_len;
	size_t len; /* of both */
	size_t at; /* how much of the entry has matched */
	bool other; /* the entry is another one */
};

/* Whether c, the next byte, completes the entry. */
bool procfs_search_environ(struct environ_search *search, char c);

#endif
