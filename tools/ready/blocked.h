/* SPDX-License-Identifier: ISC */
/* What each thread of a tree sleeps in: for the report of a hang. */
#ifndef SLEEPERS_H
#define SLEEPERS_H

#include "kernel/sockdiag.h"
#include "store/recquery.h"

enum { SLEEPERS = 32, SLEEPER_LINE = 96 };

/* Threads of one process that do the same are one sleeper. */
struct sleeper {
	pid_t pid;
	pid_t tid; /* of the first */
	unsigned int threads;
	char state; /* as in proc(5) */
	char line[SLEEPER_LINE]; /* its command line */
	char call[32]; /* the system call; "" cannot be seen */
	char wchan[48]; /* the kernel's function; "" cannot be seen */
	char awaits[LEDGER_ENDPOINT]; /* whom it connects to, as it asked */
};

struct sleepers {
	size_t n;
	size_t more; /* threads that did not fit */
	struct sleeper list[SLEEPERS];
};

/* diag may be NULL: then no connection is named. */
void sleepers_find(struct sleepers *s, pid_t root, pid_t spare,
    struct sockdiag *diag, const struct terms *terms,
    const struct record *record);

/* "in connect to 127.0.0.1:5432 (inet_wait_for_connect)": for people. */
void sleepers_text(const struct sleeper *sleeper, char *text, size_t size);

/* The name of a system call that waits; "system call N" for others. */
void sleepers_call(long number, char *name, size_t size);

#endif
