/* SPDX-License-Identifier: ISC */
/*
 * Two tables of bindings: of bound sockets by port, and of connected ones by
 * cookie.  Both are hashes with linear search in a window.
 */
#include "lease/record.h"

enum {
	WINDOW = 64, /* slots that sockets of one port may lie in */
	NEIGHBOURS = 8, /* the same for cookies, which count up */
	TRIES = 8 /* times a copy is made before its slot counts as busy */
};

/* Slot i of the window of this port. */
static uint32_t
slot_of(uint16_t port, uint32_t i)
{
	return ((uint32_t)port * 40503U + i) % RECORD_BOUND;
}

/* Copy a binding; false when it is free, dropped or being rewritten. */
static bool
read_binding(const struct binding *slot, struct sockcall *call)
{
	for (int i = 0; i < TRIES; i++) {
		uint32_t seen = seq_load(&slot->seq);
		uint8_t valid;

		if (seen == 0)
			return false;
		if (seen % SEQ_STEP == SEQ_REWRITE)
			continue;
		valid = slot->valid;
		*call = slot->call;
		if (seq_unchanged(&slot->seq, seen))
			return valid != 0;
	}
	return false;
}

static bool
write_binding(struct binding *slot, uint32_t seen, const struct sockcall *call)
{
	if (!seq_begin(&slot->seq, seen, SEQ_REWRITE))
		return false;
	slot->valid = 1;
	slot->call = *call;
	seq_end(&slot->seq);
	return true;
}

/* Another socket under the same names: only whose it is changes. */
static bool
renew_binding(struct binding *slot, uint32_t seen, const struct sockcall *call)
{
	if (!seq_begin(&slot->seq, seen, SEQ_RENEW))
		return false;
	slot->call.pid = call->pid;
	slot->call.image = call->image;
	slot->call.cookie = call->cookie;
	slot->call.when = call->when;
	seq_end(&slot->seq);
	return true;
}

static void
drop(struct binding *slot, uint32_t seen)
{
	if (!seq_begin(&slot->seq, seen, SEQ_REWRITE))
		return;
	slot->valid = 0;
	seq_end(&slot->seq);
}

static bool
same_names(const struct sockcall *a, const struct sockcall *b)
{
	return endpoint_equal(&a->asked, &b->asked) && a->v6only == b->v6only;
}

/* A slot that may be overwritten, and its counter when that was seen. */
struct vacancy {
	struct binding *slot;
	uint32_t seen;
};

/*
 * Renew the binding with the same names, drop those that an exclusive bind
 * proves dead, and find the first slot that may be used for a new one.
 */
static bool
renew(struct record *r, const struct sockcall *call, bool exclusive,
    struct vacancy *unused)
{
	struct sockcall old;
	bool done = false;

	unused->slot = NULL;
	for (uint32_t i = 0; i < WINDOW; i++) {
		struct binding *slot = &r->bound[slot_of(call->given.port, i)];
		uint32_t seen = seq_load(&slot->seq);

		/* A glance before the copy: most are of other ends. */
		if (slot->valid && seq_stable(seen) &&
		    !endpoint_same(&slot->call.given, &call->given))
			continue;
		if (!read_binding(slot, &old)) {
			if (unused->slot == NULL && (seen & 1) == 0)
				*unused = (struct vacancy){ slot, seen };
			if (seen == 0)
				break;
		} else if (old.protocol == call->protocol &&
			   endpoint_same(&old.given, &call->given)) {
			if (!done && same_names(&old, call))
				done = renew_binding(slot, seen, call);
			else if (exclusive)
				drop(slot, seen);
		}
	}
	return done;
}

bool
record_bound(struct record *r, const struct sockcall *call, bool exclusive)
{
	struct vacancy unused;

	for (int i = 0; i < TRIES; i++) {
		if (renew(r, call, exclusive, &unused))
			return true;
		if (unused.slot == NULL)
			break;
		if (write_binding(unused.slot, unused.seen, call))
			return true;
	}
	return false;
}

bool
record_displace(struct record *r, const struct sockcall *call,
    bool (*taken)(const struct sockcall *))
{
	struct sockcall old;
	bool done = false;

	for (uint32_t i = 0; i < WINDOW; i++) {
		struct binding *slot = &r->bound[slot_of(call->given.port, i)];
		uint32_t seen = seq_load(&slot->seq);
		bool valid = read_binding(slot, &old);

		if (valid && taken(&old))
			continue;
		if (!done)
			done = write_binding(slot, seen, call);
		else if (valid)
			drop(slot, seen);
	}
	if (!done)
		record_count(&r->counts.bindings);
	return done;
}

void
record_connected(struct record *r, const struct sockcall *call)
{
	struct vacancy oldest = { 0 };

	for (uint64_t i = 0; i < NEIGHBOURS; i++) {
		struct binding *slot =
		    &r->connected[(call->cookie + i) % RECORD_CONNECTED];
		uint32_t seen = seq_load(&slot->seq);
		bool found = seen == 0 || slot->call.cookie == call->cookie;

		if (seen & 1)
			continue;
		if (oldest.slot == NULL || found ||
		    slot->call.when < oldest.slot->call.when)
			oldest = (struct vacancy){ slot, seen };
		if (found)
			break;
	}
	if (oldest.slot != NULL &&
	    write_binding(oldest.slot, oldest.seen, call))
		record_count(&r->counts.connected);
	else
		record_count(&r->counts.bindings);
}

void
record_disconnected(struct record *r, uint64_t cookie)
{
	for (uint64_t i = 0; i < NEIGHBOURS; i++) {
		struct binding *slot =
		    &r->connected[(cookie + i) % RECORD_CONNECTED];
		uint32_t seen = seq_load(&slot->seq);

		if (seq_stable(seen) && slot->call.cookie == cookie)
			drop(slot, seen);
	}
}

bool
record_find_connected(
    const struct record *r, uint64_t cookie, struct sockcall *call)
{
	for (uint64_t i = 0; i < NEIGHBOURS; i++) {
		const struct binding *slot =
		    &r->connected[(cookie + i) % RECORD_CONNECTED];

		if (slot->call.cookie == cookie && read_binding(slot, call) &&
		    call->cookie == cookie)
			return true;
	}
	return false;
}

enum lookup
record_find(const struct record *r, const struct endpoint *given,
    uint8_t protocol, uint64_t cookie, struct sockcall *call)
{
	struct sockcall seen;
	enum lookup found = LOOKUP_NONE;

	for (uint32_t i = 0; i < WINDOW; i++) {
		const struct binding *slot = &r->bound[slot_of(given->port, i)];

		if (seq_load(&slot->seq) == 0)
			break;
		if (!endpoint_same(&slot->call.given, given) ||
		    !read_binding(slot, &seen) ||
		    !endpoint_same(&seen.given, given) ||
		    (protocol != 0 && protocol != seen.protocol))
			continue;
		if (cookie != 0 && seen.cookie == cookie) {
			*call = seen;
			return LOOKUP_ONE;
		}
		if (found != LOOKUP_NONE && !same_names(&seen, call))
			found = LOOKUP_AMBIGUOUS;
		if (found == LOOKUP_NONE || seen.when > call->when)
			*call = seen;
		if (found == LOOKUP_NONE)
			found = LOOKUP_ONE;
	}
	return found;
}
