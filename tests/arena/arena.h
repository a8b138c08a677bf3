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
/* Its status as from waitpid(2); -1 when it is not over after ms, or no child.
 * Reaps others meanwhile. */
int arena_wait(pid_t pid, long long ms);
/* Start and wait. */
int arena_run(const char *const argv[], long long ms);

/* Reap whoever ends within ms; true when no child is left. */
bool arena_quiet(long long ms);
/* Read until the text is there; false at the end, or after ms. */
bool arena_says(int fd, const char *text, long long ms);

#endif
