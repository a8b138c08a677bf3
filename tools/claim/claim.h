/* SPDX-License-Identifier: ISC */
/*
 * Claiming an address.  Its lock keeps others out; but a lock that is free
 * does not make the address free: the one that takes it proves that first.
 */
#ifndef CLAIM_H
#define CLAIM_H

#include "claim/cancel.h"
#include "claim/reapchild.h"
#include "claim/refusal.h"
#include "proof/proof.h"
#include "store/history.h"
#include "store/statedir.h"
#include "store/store.h"

struct claim {
	const struct statedir *dir;
	uint64_t netns;
	int lock; /* of the address (addrlock.h); -1 not ours */
	struct terms terms; /* complete */
	struct stored stored; /* the record, not yet published */
	struct history *history;
	struct sockdiag *diag;
	int sig; /* how orphans are asked to end, */
	int64_t grace; /* and for how long, milliseconds */
	struct cancel *cancel;
	struct reapchild reaper; /* of an orphan at an address to adopt */
	int64_t again; /* clock_ms: when to start another, 0 no orphan */
	int name_lock; /* namelock.h; -1 none */
	char why[REFUSAL_TEXT]; /* one line, when a claim failed */
	char said[REFUSAL_TEXT]; /* one line, when one worked otherwise than
				    asked, "" none */
};

/* What a look at one address came to; CLAIM_BROKEN with c->why. */
enum claim_result { CLAIM_FREE, CLAIM_BUSY, CLAIM_BROKEN };

/* Let go of the lock, if we have it. */
void claim_unlock(struct claim *c);

/* Is anything left at c->terms.leased?  e is written anew. */
enum verdict claim_prove(struct claim *c, struct evidence *e);

/*
 * Our lock of the address was free, but there is a record: its monitor is lost.
 * A reaper takes the lock and finishes it; when one could not, the next may, a
 * second later.  CLAIM_BUSY until then; CLAIM_BROKEN with c->why.
 */
enum claim_result claim_finish_orphan(struct claim *c);

/*
 * The address is proven free by e: make the record, unless strangers on
 * wildcards would spoil the lease.
 */
enum claim_result claim_take(struct claim *c, struct evidence *e);

/*
 * The lock was refused.  True, with c->why, when no lease has it, but a
 * stranger's socket on its port.
 */
bool claim_explain_lock(struct claim *c);

#endif
