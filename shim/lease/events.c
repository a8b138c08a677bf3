/* SPDX-License-Identifier: ISC */
/*
 * The ring of events.  Its counters number the events, too: 2n+1 while event
 * n is being written, 2n+2 afterwards, so that a late writer sees that it was
 * overtaken, and a reader whether the slot has the event that it wants.
 */
#include "lease/record.h"

enum { TRIES = 8 }; /* slots tried before an event is lost */

static bool
write_event(struct event *slot, uint64_t n, const struct sockcall *call)
{
	uint64_t seen = atomic_load_explicit(&slot->seq, memory_order_relaxed);

	if (seen & 1 || seen > 2 * n ||
	    !atomic_compare_exchange_strong_explicit(&slot->seq, &seen,
		2 * n + 1, memory_order_acq_rel, memory_order_relaxed))
		return false;
	atomic_thread_fence(memory_order_release);
	slot->call = *call;
	atomic_store_explicit(&slot->seq, 2 * n + 2, memory_order_release);
	return true;
}

void
record_event(struct record *r, const struct sockcall *call)
{
	for (int i = 0; i < TRIES; i++) {
		uint64_t n = atomic_fetch_add_explicit(
		    &r->counts.events, 1, memory_order_relaxed);

		if (write_event(&r->events[n % RECORD_EVENTS], n, call))
			return;
		record_count(&r->counts.passed);
	}
}

bool
record_read_event(const struct record *r, uint64_t n, struct sockcall *call)
{
	const struct event *slot = &r->events[n % RECORD_EVENTS];
	uint64_t seen = atomic_load_explicit(&slot->seq, memory_order_acquire);

	if (seen == 0 || seen & 1 || seen > 2 * n + 2 ||
	    n >= atomic_load_explicit(&r->counts.events, memory_order_relaxed))
		return false;
	*call = slot->call;
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&slot->seq, memory_order_relaxed) == seen;
}

uint64_t
record_event_count(const struct record *r)
{
	return atomic_load(&r->counts.events) - atomic_load(&r->counts.passed);
}
