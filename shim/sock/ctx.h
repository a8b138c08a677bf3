/* SPDX-License-Identifier: ISC */
/*
 * The lease that calls are made for: of this process in the shim, of another
 * one in the monitor.  All modules of sock/ take it first.
 */
#ifndef CTX_H
#define CTX_H

#include "lease/record.h"
#include "sock/procid.h"

struct lease_ctx {
	struct terms terms; /* a private copy, validated */
	struct record *record; /* NULL: sockets are moved but not recorded */
	struct procid *self; /* NULL exactly when record is */
	bool over; /* there was no record left when this program began */
};

/*
 * Has the lease ended?  Then the address may be another's, and nothing may be
 * bound there any more.
 */
static inline bool
lease_over(const struct lease_ctx *ctx)
{
	return ctx->over ||
	       (ctx->record != NULL && atomic_load_explicit(&ctx->record->over,
					   memory_order_relaxed) != 0);
}

#endif
