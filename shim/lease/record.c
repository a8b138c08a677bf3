/* SPDX-License-Identifier: ISC */
/* The record as a whole; its tables are in images.c, bindings.c, events.c. */
#include "lease/record.h"

#include "lease/sys.h"
#include "lease/terms.h"

#include <limits.h>
#include <linux/futex.h>
#include <string.h>

bool
record_terms(const struct record *r, struct terms *t)
{
	memcpy(t, &r->terms, sizeof(*t));
	return terms_valid(t);
}

bool
record_valid(const struct record *r, size_t size)
{
	struct terms t;

	return size >= sizeof(*r) && r->magic == RECORD_MAGIC &&
	       r->version == RECORD_VERSION && r->size == sizeof(*r) &&
	       r->end == RECORD_MAGIC && record_terms(r, &t);
}

void
record_listening(struct record *r)
{
	atomic_fetch_add_explicit(&r->listens, 1, memory_order_seq_cst);
	if (atomic_load_explicit(&r->waiters, memory_order_seq_cst) > 0)
		(void)sys_raw(
		    SYS_futex, (long)&r->listens, FUTEX_WAKE, INT_MAX, 0, 0, 0);
}
