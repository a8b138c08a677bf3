/* SPDX-License-Identifier: ISC */
/*
 * Writing and reading the slots of the record.  A slot is claimed by making
 * its turn odd and published by making it even again; a reader copies and
 * then looks whether the turn stood still.
 *
 * Stable turns are multiples of 4.  One more: the slot is written anew, and
 * nobody reads it.  Three more: a way is only renewed, for another socket that
 * was bound alike; what programs ask for stays as it is, and can be read
 * however long its writer is kept from going on.
 */
#include "lease/record.h"
#include "lease/terms.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	NEAR = 16, /* slots looked at before dead ones are taken over */
	WINDOW = 64, /* slots that sockets of one port may lie in */
	TRIES = 8 /* times a copy is made before its slot counts as busy */
};

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

enum claims { ANEW = 1, RENEWAL = 3, TURNS = 4 };

/* Claim a slot whose turn was seen as turn; false when another was first. */
static bool
claim(_Atomic uint32_t *slot, uint32_t turn, enum claims how)
{
	return turn % TURNS == 0 &&
	       atomic_compare_exchange_strong_explicit(slot, &turn, turn + how,
		   memory_order_acq_rel, memory_order_relaxed);
}

static void
publish(_Atomic uint32_t *slot)
{
	uint32_t turn = atomic_load_explicit(slot, memory_order_relaxed);

	turn = (turn / TURNS + 1) * TURNS;
	atomic_store_explicit(
	    slot, turn != 0 ? turn : TURNS, memory_order_release);
}

static uint32_t
turn_of(const _Atomic uint32_t *slot)
{
	return atomic_load_explicit(slot, memory_order_acquire);
}

static void
count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static bool
same_image(const struct image *a, const struct image *b)
{
	return a->pid == b->pid && a->start == b->start && a->pidns == b->pidns;
}

/* Is the process of this slot gone?  Only its own namespace can tell. */
static bool
gone(const struct image *slot, const struct image *from)
{
	int keep = errno;
	bool dead;

	if (slot->pidns != from->pidns || slot->pid <= 0)
		return false;
	dead = kill(slot->pid, 0) == -1 && errno == ESRCH;
	errno = keep;
	return dead;
}

static bool
write_image(struct image *slot, uint32_t turn, const struct image *image)
{
	if (!claim(&slot->turn, turn, ANEW))
		return false;
	slot->flags = image->flags;
	slot->pid = image->pid;
	slot->start = image->start;
	slot->pidns = image->pidns;
	memcpy(slot->path, image->path, sizeof(slot->path));
	publish(&slot->turn);
	return true;
}

/* Which slots a round of the search may take. */
enum taking { TAKE_SAME, TAKE_FREE, TAKE_DEAD };

static bool
takes(enum taking round, const struct image *slot, const struct image *image)
{
	uint32_t turn = turn_of(&slot->turn);

	if (round == TAKE_FREE)
		return turn == 0;
	if (turn == 0 || turn & 1)
		return false;
	return round == TAKE_SAME ? same_image(slot, image) : gone(slot, image);
}

uint16_t
record_image(struct record *r, const struct image *image)
{
	static const struct {
		enum taking taking;
		uint32_t slots;
	} rounds[] = {
		{ TAKE_SAME, NEAR },
		{ TAKE_FREE, NEAR },
		{ TAKE_SAME, RECORD_IMAGES },
		{ TAKE_DEAD, NEAR },
		{ TAKE_FREE, RECORD_IMAGES },
		{ TAKE_DEAD, RECORD_IMAGES },
	};
	uint32_t home = (uint32_t)image->pid;

	for (size_t k = 0; k < sizeof(rounds) / sizeof(*rounds); k++) {
		for (uint32_t i = 0; i < rounds[k].slots; i++) {
			uint32_t n = (home + i) % RECORD_IMAGES;
			struct image *slot = &r->images[n];
			uint32_t turn = turn_of(&slot->turn);

			if (takes(rounds[k].taking, slot, image) &&
			    write_image(slot, turn, image))
				return (uint16_t)n;
		}
	}
	count(&r->counts.images);
	return RECORD_IMAGES;
}

/* Copy a stable way; false when it is free, dropped or being written. */
static bool
copy_way(const struct binding *slot, struct binding *way)
{
	uint32_t turn;

	for (int i = 0; i < TRIES; i++) {
		turn = turn_of(&slot->turn);
		if (turn == 0)
			return false;
		if (turn % TURNS == ANEW)
			continue;
		memcpy(way, slot, sizeof(*way));
		atomic_thread_fence(memory_order_acquire);
		if (turn_of(&slot->turn) == turn)
			return way->valid;
	}
	return false;
}

static bool
write_way(struct binding *slot, uint32_t turn, const struct binding *way)
{
	if (!claim(&slot->turn, turn, ANEW))
		return false;
	atomic_thread_fence(memory_order_release);
	memcpy((char *)slot + sizeof(slot->turn),
	    (const char *)way + sizeof(way->turn),
	    sizeof(*way) - sizeof(way->turn));
	slot->valid = way->valid;
	publish(&slot->turn);
	return true;
}

/* Another socket under the same names: only whose it is changes. */
static bool
renew_way(struct binding *slot, uint32_t turn, const struct binding *way)
{
	if (!claim(&slot->turn, turn, RENEWAL))
		return false;
	slot->pid = way->pid;
	slot->image = way->image;
	slot->cookie = way->cookie;
	slot->when = way->when;
	publish(&slot->turn);
	return true;
}

static uint32_t
home_of(uint16_t port)
{
	return (uint32_t)port * 40503U;
}

static bool
same_place(const struct binding *a, const struct binding *b)
{
	return a->protocol == b->protocol && a->given.port == b->given.port &&
	       memcmp(&a->given.addr, &b->given.addr, sizeof(a->given.addr)) ==
		   0;
}

/* A glance at a slot, before it is copied: most are of other places. */
static bool
looks_like(const struct binding *slot, const struct endpoint *given)
{
	return slot->given.port == given->port &&
	       IN6_ARE_ADDR_EQUAL(&slot->given.addr, &given->addr);
}

static bool
same_answer(const struct binding *a, const struct binding *b)
{
	return endpoint_equal(&a->asked, &b->asked) && a->v6only == b->v6only;
}

static void
drop(struct binding *slot, uint32_t turn)
{
	if (!claim(&slot->turn, turn, ANEW))
		return;
	slot->valid = 0;
	publish(&slot->turn);
}

/* A slot that was seen to be of no use to anybody, and its turn then. */
struct spare {
	struct binding *slot;
	uint32_t turn;
};

/*
 * Renew the way that answers the same, drop those that an exclusive bind
 * proves dead, and remember the first slot that may be used for a new one.
 */
static bool
renew(struct record *r, const struct binding *way, bool exclusive,
    struct spare *spare)
{
	struct binding old;
	bool done = false;

	spare->slot = NULL;
	for (uint32_t i = 0; i < WINDOW; i++) {
		struct binding *slot =
		    &r->bound[(home_of(way->given.port) + i) % RECORD_BOUND];
		uint32_t turn = turn_of(&slot->turn);

		if (slot->valid && turn != 0 && (turn & 1) == 0 &&
		    !looks_like(slot, &way->given))
			continue;
		if (!copy_way(slot, &old)) {
			if (spare->slot == NULL && (turn & 1) == 0)
				*spare = (struct spare){ slot, turn };
			if (turn == 0)
				break;
		} else if (same_place(&old, way)) {
			if (!done && same_answer(&old, way))
				done = renew_way(slot, turn, way);
			else if (exclusive)
				drop(slot, turn);
		}
	}
	return done;
}

bool
record_bound(struct record *r, const struct binding *way, bool exclusive)
{
	struct spare spare = { 0 };

	for (int i = 0; i < TRIES; i++) {
		if (renew(r, way, exclusive, &spare))
			return true;
		if (spare.slot == NULL)
			break;
		if (write_way(spare.slot, spare.turn, way))
			return true;
	}
	return false;
}

bool
record_displace(struct record *r, const struct binding *way,
    bool (*taken)(const struct binding *))
{
	struct binding old;
	bool done = false;

	for (uint32_t i = 0; i < WINDOW; i++) {
		struct binding *slot =
		    &r->bound[(home_of(way->given.port) + i) % RECORD_BOUND];
		uint32_t turn = turn_of(&slot->turn);
		bool live = copy_way(slot, &old);

		if (live && taken(&old))
			continue;
		if (!done)
			done = write_way(slot, turn, way);
		else if (live)
			drop(slot, turn);
	}
	return done;
}

void
record_lost(struct record *r)
{
	count(&r->counts.ways);
}

/* Cookies count up: neighbours lie in neighbouring slots. */
enum { AROUND = 8 };

void
record_connected(struct record *r, const struct binding *way)
{
	struct binding *oldest = NULL;
	uint32_t turn = 0;
	bool found;

	for (uint64_t i = 0; i < AROUND; i++) {
		struct binding *slot =
		    &r->connected[(way->cookie + i) % RECORD_CONNECTED];
		uint32_t seen = turn_of(&slot->turn);

		if (seen & 1)
			continue;
		found = seen == 0 || slot->cookie == way->cookie;
		if (oldest == NULL || found || slot->when < oldest->when) {
			oldest = slot;
			turn = seen;
		}
		if (found)
			break;
	}
	if (oldest == NULL || !write_way(oldest, turn, way))
		count(&r->counts.ways);
	else
		count(&r->counts.connected);
}

bool
record_find_connected(
    const struct record *r, uint64_t cookie, struct binding *way)
{
	for (uint64_t i = 0; i < AROUND; i++) {
		const struct binding *slot =
		    &r->connected[(cookie + i) % RECORD_CONNECTED];

		if (slot->cookie == cookie && copy_way(slot, way) &&
		    way->cookie == cookie)
			return true;
	}
	return false;
}

enum ways
record_find(const struct record *r, const struct endpoint *given,
    uint8_t protocol, uint64_t cookie, struct binding *way)
{
	struct binding key = { .given = *given, .protocol = protocol }, seen;
	enum ways found = LOOKUP_NONE;

	for (uint32_t i = 0; i < WINDOW; i++) {
		const struct binding *slot =
		    &r->bound[(home_of(given->port) + i) % RECORD_BOUND];

		if (turn_of(&slot->turn) == 0)
			break;
		if (!looks_like(slot, given) || !copy_way(slot, &seen))
			continue;
		if (protocol == 0)
			key.protocol = seen.protocol;
		if (!same_place(&seen, &key))
			continue;
		if (cookie != 0 && seen.cookie == cookie) {
			*way = seen;
			return LOOKUP_ONE;
		}
		if (found != LOOKUP_NONE && !same_answer(&seen, way))
			found = LOOKUP_AMBIGUOUS;
		if (found == LOOKUP_NONE || seen.when > way->when)
			*way = seen;
		if (found == LOOKUP_NONE)
			found = LOOKUP_ONE;
	}
	return found;
}

static bool
write_open(struct event *slot, uint64_t n, const struct event *entry)
{
	uint64_t turn = atomic_load_explicit(&slot->turn, memory_order_relaxed);

	if (turn & 1 || turn > 2 * n ||
	    !atomic_compare_exchange_strong_explicit(&slot->turn, &turn,
		2 * n + 1, memory_order_acq_rel, memory_order_relaxed))
		return false;
	atomic_thread_fence(memory_order_release);
	memcpy((char *)slot + sizeof(slot->turn),
	    (const char *)entry + sizeof(entry->turn),
	    sizeof(*entry) - sizeof(entry->turn));
	atomic_store_explicit(&slot->turn, 2 * n + 2, memory_order_release);
	return true;
}

void
record_event(struct record *r, const struct event *entry)
{
	for (int i = 0; i < TRIES; i++) {
		uint64_t n = atomic_fetch_add_explicit(
		    &r->counts.opens, 1, memory_order_relaxed);

		if (write_open(&r->opens[n % RECORD_EVENTS], n, entry))
			return;
		count(&r->counts.passed);
	}
}

bool
record_read_event(const struct record *r, uint64_t n, struct event *entry)
{
	const struct event *slot = &r->opens[n % RECORD_EVENTS];
	uint64_t turn = atomic_load_explicit(&slot->turn, memory_order_acquire);

	if (turn == 0 || turn & 1 || turn > 2 * n + 2 ||
	    n >= atomic_load_explicit(&r->counts.opens, memory_order_relaxed))
		return false;
	memcpy(entry, slot, sizeof(*entry));
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&slot->turn, memory_order_relaxed) == turn;
}

uint64_t
record_event_count(const struct record *r)
{
	return atomic_load(&r->counts.opens) - atomic_load(&r->counts.passed);
}

void
record_listening(struct record *r)
{
	int keep = errno;

	atomic_fetch_add_explicit(&r->listens, 1, memory_order_seq_cst);
	if (atomic_load_explicit(&r->listeners, memory_order_seq_cst) > 0)
		(void)syscall(
		    SYS_futex, &r->listens, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	errno = keep;
}
