/* SPDX-License-Identifier: ISC */
/* The processes that one look for members asks, and their answers. */
#ifndef LISTING_H
#define LISTING_H

#include "proof/witness.h"

struct suspect {
	struct procfs_stat stat;
	unsigned int witnesses; /* its own, WITNESS_* */
};

struct listing {
	struct suspect *list; /* in the order of their pids; heap */
	size_t n;
	pid_t last; /* given out, when they were listed; 0 unknown */
	bool found; /* one with a witness, which ends the look */
};

/*
 * Ask all processes that /proc shows, until none can have been missed, or one
 * with a witness is found: then it takes another look to find the others.
 * Errors are in ctx.
 */
void listing_all(struct search_ctx *ctx, struct listing *all);

/* Ask those that the record lists. */
void listing_images(struct search_ctx *ctx, struct listing *all);

/* NULL: it was not asked. */
const struct suspect *listing_find(const struct listing *all, pid_t pid);

/* A fork of the owner, with no other witness: it is no member yet. */
bool listing_starting(const struct search_ctx *ctx, const struct suspect *p);

#endif
