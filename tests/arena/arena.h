/* SPDX-License-Identifier: ISC */
/*
 * A place to break things in: a network namespace of our own where that can be
 * had, so that every socket in it is ours; a state directory; and all orphans
 * our children.  For drivers that are programs of their own.
 */
#ifndef ARENA_H
#define ARENA_H

#include <stdbool.h>
#include <sys/types.h>

/* Exits with a line when even the directory cannot be had. */
void arena_enter(void);
/* Removes the directory. */
void arena_leave(void);

/* unshare(2), in a user namespace of our own where that needs one. */
bool arena_unshare(int flags);
/* Is the network ours alone? */
bool arena_private(void);
/* The state directory of every portlease started here. */
const char *arena_state(void);

/* Milliseconds of CLOCK_MONOTONIC. */
long long arena_now(void);

/* What commands say on stderr is dropped from now on. */
void arena_hush(void);
/* Start a command; out, unless NULL, gets a descriptor of its stdout. */
pid_t arena_start(const char *const argv[], int *out);
/* The same, with flags. */
enum {
	ARENA_STOP = 1, /* it stops before its execve(2), until SIGCONT */
	ARENA_STDERR = 2 /* out is also its stderr */
};
pid_t arena_start_as(int flags, const char *const argv[], int *out);
/* Wait until a child or a tracee stops: its status as from waitpid(2); -1 when
 * it has ended, or has not stopped after ms. */
int arena_stopped(pid_t pid, long long ms);
/* Its status as from waitpid(2); -1 when it is not over after ms, or no child.
 * Reaps others meanwhile. */
int arena_wait(pid_t pid, long long ms);
/* Start and wait. */
int arena_run(const char *const argv[], long long ms);

/* Reap children that end within ms; true when none is left. */
bool arena_quiet(long long ms);
/* Kill all children, and theirs; true when none is left after ms. */
bool arena_kill(long long ms);
/* Read until the text is there; false at the end, or after ms. */
bool arena_says(int fd, const char *text, long long ms);
/* The same, and keep what was read, as a string.  A NULL text is never there:
 * true at the end.  What exceeds the size is neither kept nor searched. */
bool arena_hear(
    int fd, const char *text, long long ms, char *said, size_t size);

#endif
