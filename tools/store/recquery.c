/* SPDX-License-Identifier: ISC */
/*
 * Ways are looked through before the ring: they live as long as their
 * sockets, while the ring forgets.
 */
#include "store/recquery.h"
#include "base/printable.h"
#include "kernel/procfs.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { PID_LIMIT = 1 << 22 }; /* include/linux/threads.h */

static bool
settled(uint32_t turn)
{
	return turn != 0 && (turn & 1) == 0;
}

bool
ledger_image(const struct record *r, size_t n, struct image *image)
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
	if (n < RECORD_IMAGES && ledger_image(r, n, &image) &&
	    image.pid == opener->pid)
		memcpy(opener->path, image.path, sizeof(opener->path));
}

static bool
in_ways(const struct record *r, const struct way *ways, size_t n, uint8_t call,
    uint64_t cookie, struct opener *opener)
{
	for (size_t i = 0; i < n; i++) {
		const struct way *way = &ways[i];

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
ledger_open(
    const struct record *r, uint64_t cookie, uint8_t call, struct opened *entry)
{
	uint64_t end = atomic_load(&r->counts.opens);
	uint64_t first = end > RECORD_OPENS ? end - RECORD_OPENS : 0;

	for (uint64_t n = end; n-- > first;)
		if (record_opened(r, n, entry) && entry->cookie == cookie &&
		    (call == 0 || entry->call == call))
			return true;
	return false;
}

static bool
in_ring(const struct record *r, uint64_t cookie, struct opener *opener)
{
	struct opened entry;

	if (!ledger_open(r, cookie, 0, &entry))
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
ledger_opener(const struct record *r, uint64_t cookie, struct opener *opener)
{
	return cookie != 0 &&
	       (in_ways(r, r->bound, RECORD_BOUND, OPEN_BIND, cookie, opener) ||
		   in_ways(r, r->connected, RECORD_CONNECTED, OPEN_CONNECT,
		       cookie, opener) ||
		   in_ring(r, cookie, opener));
}

bool
ledger_knows(const struct record *r, uint64_t cookie)
{
	return ledger_opener(r, cookie, NULL);
}

const char *
ledger_call(uint8_t call)
{
	static const char *const names[] = { [OPEN_BIND] = "bind",
		[OPEN_CONNECT] = "connect",
		[OPEN_ACCEPT] = "accept" };

	return call >= OPEN_BIND && call <= OPEN_ACCEPT ? names[call]
							: "unknown";
}

void
ledger_endpoint(const struct endpoint *ep, char text[static LEDGER_ENDPOINT])
{
	char addr[INET6_ADDRSTRLEN];

	if (ep->family == AF_INET) {
		(void)inet_ntop(
		    AF_INET, &ep->addr.s6_addr[12], addr, sizeof(addr));
		(void)snprintf(text, LEDGER_ENDPOINT, "%s:%u", addr, ep->port);
	} else {
		(void)inet_ntop(AF_INET6, &ep->addr, addr, sizeof(addr));
		(void)snprintf(
		    text, LEDGER_ENDPOINT, "[%s]:%u", addr, ep->port);
	}
}
