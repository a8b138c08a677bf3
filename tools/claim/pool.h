/* SPDX-License-Identifier: ISC */
/* An address for a lease: a slice of the pool, or one to adopt. */
#ifndef POOL_H
#define POOL_H

#include "base/options.h"
#include "claim/claim.h"

/*
 * Claim what o asks for, a slice or an address to adopt, waiting at most
 * o->wait for it, and not longer than until it is cancelled.  0; -1 with
 * c->why.  The caller fills in the record's identity and publishes it.
 */
int pool_claim(struct claim *c, const struct options *o,
    const struct statedir *dir, struct cancel *cancel);

/*
 * Give the address back: free, when the record has been removed, or as an
 * orphan.  clean: the next claim of the slice needs no walk.
 */
void pool_release(struct claim *c, bool clean);

/* The slice of an address in the pool; POOL_SLICES for any other. */
size_t pool_slice(uint32_t ip);

#endif
