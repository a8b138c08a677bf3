/* SPDX-License-Identifier: ISC */
/*
 * Stragglers: processes that were still there when the command had long
 * exited, the ports that they held, and the processes that opened those.
 */
#ifndef STRAGGLERS_H
#define STRAGGLERS_H

#include "kernel/procfs.h"
#include "proof/evidence.h"

enum { STRAGGLERS = 64, STRAGGLER_PORTS = 24, STRAGGLER_TEXT = 640 };

struct straggler {
	pid_t pid;
	uint64_t start;
	char line[HOLDER_LINE];
	size_t nports;
	struct held_port {
		uint16_t port; /* listening, bound, or UDP */
		uint64_t cookie; /* of one socket there */
	} ports[STRAGGLER_PORTS]; /* sorted */
	bool gone; /* was reaped by us */
	int status; /* as waitid(2) says: si_status */
	bool killed; /* by that signal, or exited so */
};

struct stragglers {
	size_t n;
	size_t more; /* that did not fit */
	struct straggler_id {
		pid_t pid;
		uint64_t start;
	} * others; /* these, from the heap; kept until the caller exits */
	struct straggler list[STRAGGLERS];
};

/* Note these processes, and what they hold in the lease. */
void stragglers_note(struct stragglers *s, const struct procfs_stat *list,
    size_t n, struct sockdiag *diag, const struct terms *t,
    const struct record *record);

/* One of them was reaped. */
void stragglers_reaped(
    struct stragglers *s, pid_t pid, bool killed, int status);

/*
 * "straggler: pid 42 (server), held port 80 (opened by itself); ended by
 * SIGTERM".  lives: the process is still there, which matters when it was not
 * reaped by us.
 */
void stragglers_text(const struct straggler *s, const struct record *record,
    bool lives, char text[static STRAGGLER_TEXT]);

#endif
