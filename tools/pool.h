/* SPDX-License-Identifier: ISC */
/*
 * Claiming an address.  The lock is the sentinel; a released lock is not a
 * free address: whoever takes it proves it clean first.
 */
#ifndef POOL_H
#define POOL_H

#include "claimant.h"
#include "evidence.h"
#include "finisher.h"
#include "history.h"
#include "options.h"
#include "statedir.h"
#include "store.h"

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
	struct claimant *claimant;
	struct finisher finisher; /* of an orphan at an address to adopt */
	int64_t again; /* clock_ms: when to start another, 0 no orphan */
	char why[512]; /* one line, when a claim failed */
};

/*
 * Claim what o asks for, a slice or an address to adopt, waiting at most
 * o->wait for it, and no longer than the claimant wants it.  0; -1 with
 * c->why.  The caller fills in the record's identity and publishes it.
 */
int pool_claim(struct claim *c, const struct options *o,
    const struct statedir *dir, struct claimant *claimant);

/*
 * Give the address back: with free, nothing is left and the record goes; else
 * the record stays and tells the next taker.  clean: it needs no walk next
 * time.
 */
void pool_release(struct claim *c, bool free, bool clean);

/* The slice of an address in the pool; POOL_SLICES for any other. */
size_t pool_slice(uint32_t ip);

#endif
