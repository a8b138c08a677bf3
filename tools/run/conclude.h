/* SPDX-License-Identifier: ISC */
/* The end of a run: what the monitor knows of it, and how it is concluded. */
#ifndef CONCLUDE_H
#define CONCLUDE_H

#include "base/ipc.h"
#include "claim/pool.h"
#include "proof/outside.h"
#include "proof/proof.h"
#include "proof/stragglers.h"
#include "ready/status.h"

struct outcome {
	char ip[16];
	struct ipc_exit end; /* of the command */
	bool commandless; /* acquired: its members are no children of ours */
	bool stuck; /* SIGKILL did not end all descendants */
	int unready; /* exit status when it did not become ready, else 0 */
	enum verdict verdict; /* set by conclude */
	bool leaked; /* set by conclude */
	char reason[96]; /* of the verdict, set by conclude */
	struct stragglers stragglers;
	struct outside outside;
};

/* Note what the tree has outside the lease, before it is ended. */
void conclude_note(struct outcome *out, const struct claim *c);

/*
 * No descendant is left, or none that can be ended.  End the members that
 * `portlease exec` brought, prove, report on stderr, in the record and in
 * status lines, keep --record, and free the address if the verdict allows it.
 * Returns how the front is to end.
 */
struct ipc_exit conclude(struct outcome *out, const struct options *o,
    struct claim *c, struct status *status);

#endif
