/* SPDX-License-Identifier: ISC */
/*
 * A seqlock: a slot of shared memory that many processes write and read, and
 * for which none of them ever waits.
 *
 * A slot begins with a sequence counter.  A writer makes it odd (seq_begin),
 * writes the slot, and makes it even again (seq_end).  A reader takes an even
 * value, copies the slot, and keeps the copy only if the counter has still
 * that value.  A writer that finds the counter odd, or changed since it chose
 * the slot, leaves the slot alone.  So a process that is killed at any
 * instruction leaves at most one slot that stays odd: visibly unfinished.
 *
 * At rest the counter is a multiple of 4; 0 is a slot that was never written.
 * There are two kinds of write section.  During a rewrite (+1) the slot is not
 * read.  During a renewal (+3) only fields change that need not agree with the
 * rest, and readers go on, however long the writer is kept from running.
 */
#ifndef SEQLOCK_H
#define SEQLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum seq_section { SEQ_REWRITE = 1, SEQ_RENEW = 3, SEQ_STEP = 4 };

static inline uint32_t
seq_load(const _Atomic uint32_t *seq)
{
	return atomic_load_explicit(seq, memory_order_acquire);
}

/* Is this the counter of a slot that was written and is at rest? */
static inline bool
seq_stable(uint32_t seen)
{
	return seen != 0 && (seen & 1) == 0;
}

/* After copying: is the counter still what it was? */
static inline bool
seq_unchanged(const _Atomic uint32_t *seq, uint32_t seen)
{
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(seq, memory_order_relaxed) == seen;
}

/* Begin to write; false when another writer has been here since `seen`. */
static inline bool
seq_begin(_Atomic uint32_t *seq, uint32_t seen, enum seq_section section)
{
	bool begun =
	    seen % SEQ_STEP == 0 &&
	    atomic_compare_exchange_strong_explicit(seq, &seen, seen + section,
		memory_order_acq_rel, memory_order_relaxed);

	atomic_thread_fence(memory_order_release);
	return begun;
}

/* The counter passes over 0 when it wraps around. */
static inline void
seq_end(_Atomic uint32_t *seq)
{
	uint32_t next = atomic_load_explicit(seq, memory_order_relaxed);

	next = (next / SEQ_STEP + 1) * SEQ_STEP;
	atomic_store_explicit(
	    seq, next != 0 ? next : SEQ_STEP, memory_order_release);
}

#endif
