/* SPDX-License-Identifier: ISC */
/*
 * Ways are looked through before the ring: they live as long as their
 * sockets, while the ring forgets.
 */
#include "store/recquery.h"
#include "base/printable.h"
#include "kernel/procfs.h"

#include <string.h>

enum { PID_LIMIT = 1 << 22 }; /* include/linux/threads.h */

static bool
settled(uint32_t turn)
{
	return turn != 0 && (turn & 1) == 0;
}

bool
recquery_image(const struct record *r, size_t n, struct image *image)
{
	const struct image *slot = &r->images[n];
	uint32_t turn = atomic_load(&slot->turn);

	if (!settled(turn))
		return false;
	memcpy(image, slot, sizeof(*image));
	if (atomic_load(&slot->turn) != turn || image->pid <= 0 ||
	    image->pid > PID_LIMIT || image->flags & ~IMAGE_FLAGS)
		return false;
	image->path[sizeof(image->path) - 1] = '\0';
	printable_line(image->path);
	return true;
}

static void
name_program(const struct record *r, size_t n, struct opener *opener)
{
	struct image image;

	opener->path[0] = '\0';
	if (n < RECORD_IMAGES && recquery_image(r, n, &image) &&
	    image.pid == opener->pid)
		memcpy(opener->path, image.path, sizeof(opener->path));
}

static bool
in_ways(const struct record *r, const struct binding *ways, size_t n,
    uint8_t call, uint64_t cookie, struct opener *opener)
{
	for (size_t i = 0; i < n; i++) {
		const struct binding *way = &ways[i];

		if (!settled(atomic_load(&way->turn)) || !way->valid ||
		    way->cookie != cookie)
			continue;
		if (opener != NULL) {
			*opener = (struct opener){ .call = call,
				.pid = way->pid,
				.when = way->when,
				.asked = way->asked };
			name_program(r, way->image, opener);
		}
		return true;
	}
	return false;
}

bool
recquery_event(
    const struct record *r, uint64_t cookie, uint8_t call, struct event *entry)
{
	uint64_t end = atomic_load(&r->counts.opens);
	uint64_t first = end > RECORD_EVENTS ? end - RECORD_EVENTS : 0;

	for (uint64_t n = end; n-- > first;)
		if (record_read_event(r, n, entry) && entry->cookie == cookie &&
		    (call == 0 || entry->call == call))
			return true;
	return false;
}

static bool
in_ring(const struct record *r, uint64_t cookie, struct opener *opener)
{
	struct event entry;

	if (!recquery_event(r, cookie, 0, &entry))
		return false;
	if (opener != NULL) {
		*opener = (struct opener){ .call = entry.call,
			.pid = entry.pid,
			.when = entry.when,
			.asked = entry.asked };
		name_program(r, entry.image, opener);
	}
	return true;
}

bool
recquery_opener(const struct record *r, uint64_t cookie, struct opener *opener)
{
	return cookie != 0 && (in_ways(r, r->bound, RECORD_BOUND, EVENT_BIND,
				   cookie, opener) ||
				  in_ways(r, r->connected, RECORD_CONNECTED,
				      EVENT_CONNECT, cookie, opener) ||
				  in_ring(r, cookie, opener));
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
