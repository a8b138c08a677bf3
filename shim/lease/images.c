/* SPDX-License-Identifier: ISC */
/*
 * The table of images: a hash by pid, with linear search.
 */
#include "lease/errno.h"
#include "lease/record.h"
#include "lease/sys.h"

#include <string.h>

enum { NEAR = 16 }; /* slots looked at before dead ones are taken over */

static bool
same_image(const struct image *a, const struct image *b)
{
	return a->pid == b->pid && a->start == b->start && a->pidns == b->pidns;
}

/* Is the process of this slot gone?  Only its own namespace can tell. */
static bool
gone(const struct image *slot, const struct image *from)
{
	KEEP_ERRNO;

	return slot->pidns == from->pidns && slot->pid > 0 &&
	       sys_kill(slot->pid, 0) == -1 && errno == ESRCH;
}

static bool
write_image(struct image *slot, uint32_t seen, const struct image *image)
{
	if (!seq_begin(&slot->seq, seen, SEQ_REWRITE))
		return false;
	slot->flags = image->flags;
	slot->pid = image->pid;
	slot->start = image->start;
	slot->pidns = image->pidns;
	memcpy(slot->path, image->path, sizeof(slot->path));
	seq_end(&slot->seq);
	return true;
}

/* Which slots a round of the search may take. */
enum taking { TAKE_SAME, TAKE_FREE, TAKE_DEAD };

static bool
takes(enum taking round, const struct image *slot, const struct image *image)
{
	uint32_t seen = seq_load(&slot->seq);

	if (round == TAKE_FREE)
		return seen == 0;
	return seq_stable(seen) && (round == TAKE_SAME ? same_image(slot, image)
						       : gone(slot, image));
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
			uint32_t seen = seq_load(&slot->seq);

			if (takes(rounds[k].taking, slot, image) &&
			    write_image(slot, seen, image))
				return (uint16_t)n;
		}
	}
	record_count(&r->counts.images);
	return RECORD_IMAGES;
}
