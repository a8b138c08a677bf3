/* SPDX-License-Identifier: ISC */
/*
 * Claiming an address.  The lock is the sentinel; a released lock is not a
 * free address: whoever takes it proves it clean first.
 */
#ifndef CLAIM_H
#define CLAIM_H

#include "claim/cancel.h"
#include "claim/reapchild.h"
#include "proof/evidence.h"
#include "proof/proof.h"
#include "store/history.h"
#include "store/statedir.h"
#include "store/store.h"

struct claim {
	const struct statedir *dir;
	uint64_t netns;
	int sentinel; /* -1 without a claim */
	struct terms terms; /* complete */
	struct stored stored; /* the record, not yet published */
	struct history *history;
	struct sockdiag *diag; /* NULL with errno when refused */
	int sig; /* how orphans are asked to end, */
	int64_t grace; /* and for how long, milliseconds */
	struct cancel *claimant;
	struct reapchild finisher; /* of an orphan at an address to adopt */
	int64_t again; /* clock_ms: when to start another, 0 no orphan */
	char why[512]; /* one line, when a claim failed */
};

/* What a look at one address came to; CLAIM_BROKEN with c->why. */
enum claim_result { CLAIM_FREE, CLAIM_BUSY, CLAIM_BROKEN };

/* Say why it failed.  -1. */
int claim_explain(struct claim *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Let go of the sentinel, if we have it. */
void claim_unlock(struct claim *c);

/* Is anybody left at c->terms.leased?  e is written anew. */
enum verdict claim_prove(struct claim *c, struct evidence *e, enum look look);

/*
 * Proven free by e: refuse what strangers on wildcards would spoil, else make
 * the record.
 */
enum claim_result claim_take(struct claim *c, struct evidence *e);

/* The lock was refused: by somebody who is no lease?  Then say so. */
bool claim_explain_lock(struct claim *c);

/* "pid 42 (server)", for people. */
void claim_holder(const struct leftover *left, char *text, size_t size);

#endif
