/* SPDX-License-Identifier: ISC */
/* The system call in which each thread of a tree waits: to explain a hang. */
#ifndef BLOCKED_H
#define BLOCKED_H

#include "base/text.h"
#include "kernel/sockdiag.h"
#include "store/recquery.h"

enum { BLOCKED_MAX = 32, BLOCKED_LINE = 96 };

/* Threads of one process that wait in the same way are one entry. */
struct blocked_thread {
	pid_t pid;
	pid_t tid; /* the first one */
	unsigned int threads;
	char state; /* as in proc(5) */
	char line[BLOCKED_LINE]; /* its command line */
	char call[32]; /* the system call; "" unknown */
	char wchan[48]; /* the kernel's function; "" unknown */
	char awaits[TEXT_ENDPOINT]; /* connects to, as it asked */
};

struct blocked {
	size_t n;
	size_t more; /* threads that did not fit */
	struct blocked_thread list[BLOCKED_MAX];
};

/* exclude as for activity_sample; without diag no connection is named. */
void blocked_find(struct blocked *found, pid_t root, pid_t exclude,
    struct sockdiag *diag, const struct terms *terms,
    const struct record *record);

/* "in connect, connecting to 127.0.0.1:5432 (inet_wait_for_connect)". */
void blocked_text(const struct blocked_thread *t, char *text, size_t size);

/* The name of a system call that may wait; "system call N" for others. */
void blocked_call(long number, char *name, size_t size);

#endif
