/* SPDX-License-Identifier: ISC */
/*
 * The bindings are searched before the ring: they live as long as their
 * sockets, while the ring forgets.
 */
#include "store/recquery.h"
#include "base/printable.h"

#include <string.h>

enum { PID_LIMIT = 1 << 22 }; /* include/linux/threads.h */

bool
recquery_image(const struct record *r, size_t n, struct image *image)
{
	const struct image *slot = &r->images[n];
	uint32_t seen = seq_load(&slot->seq);

	if (!seq_stable(seen))
		return false;
	memcpy(image, slot, sizeof(*image));
	if (!seq_unchanged(&slot->seq, seen) || image->pid <= 0 ||
	    image->pid > PID_LIMIT || image->flags & ~IMAGE_FLAGS)
		return false;
	image->path[sizeof(image->path) - 1] = '\0';
	printable_line(image->path);
	return true;
}

static void
name_opener(
    const struct record *r, const struct sockcall *call, struct opener *opener)
{
	struct image image;

	if (opener == NULL)
		return;
	*opener = (struct opener){ .call = call->call,
		.pid = call->pid,
		.when = call->when,
		.asked = call->asked };
	if (call->image < RECORD_IMAGES &&
	    recquery_image(r, call->image, &image) && image.pid == call->pid) {
		memcpy(opener->path, image.path, sizeof(opener->path));
		opener->start = image.start;
	}
}

static bool
in_bindings(const struct record *r, const struct binding *bindings, size_t n,
    uint64_t cookie, struct opener *opener)
{
	for (size_t i = 0; i < n; i++) {
		const struct binding *b = &bindings[i];

		if (!seq_stable(seq_load(&b->seq)) || !b->valid ||
		    b->call.cookie != cookie)
			continue;
		name_opener(r, &b->call, opener);
		return true;
	}
	return false;
}

bool
recquery_event(const struct record *r, uint64_t cookie, uint8_t call,
    struct sockcall *entry)
{
	uint64_t end = atomic_load(&r->counts.events);
	uint64_t first = end > RECORD_EVENTS ? end - RECORD_EVENTS : 0;

	for (uint64_t n = end; n-- > first;)
		if (record_read_event(r, n, entry) && entry->cookie == cookie &&
		    (call == 0 || entry->call == call))
			return true;
	return false;
}

bool
recquery_opener(const struct record *r, uint64_t cookie, struct opener *opener)
{
	struct sockcall call;

	if (cookie == 0)
		return false;
	if (in_bindings(r, r->bound, RECORD_BOUND, cookie, opener) ||
	    in_bindings(r, r->connected, RECORD_CONNECTED, cookie, opener))
		return true;
	if (!recquery_event(r, cookie, 0, &call))
		return false;
	name_opener(r, &call, opener);
	return true;
}

bool
recquery_knows(const struct record *r, uint64_t cookie)
{
	return recquery_opener(r, cookie, NULL);
}

const char *
recquery_call(uint8_t call)
{
	static const char *const names[] = { [EVENT_BIND] = "bind",
		[EVENT_CONNECT] = "connect",
		[EVENT_ACCEPT] = "accept" };

	return call >= EVENT_BIND && call <= EVENT_ACCEPT ? names[call]
							  : "unknown";
}
