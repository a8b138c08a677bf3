/* SPDX-License-Identifier: ISC */
/* Numbers that follow each other are written as a range. */
#include "base/portset.h"
#include "lease/terms.h"

void
portset_add(struct portset *set, uint16_t port)
{
	set->bits[port / 64] |= (uint64_t)1 << port % 64;
}

bool
portset_has(const struct portset *set, uint16_t port)
{
	return set->bits[port / 64] >> port % 64 & 1;
}

unsigned int
portset_of(const struct portset *set, const struct terms *t, bool in,
    char *text, size_t size)
{
	unsigned int found = 0;
	size_t at = 0;

	if (text != NULL && size > 0)
		text[0] = '\0';
	for (uint32_t i = 0; i < t->nports; i++) {
		uint32_t port = t->ports[i].first, end = t->ports[i].last, run;

		for (; port <= end; port += run + 1) {
			for (run = 0;
			     port + run <= end &&
			     portset_has(set, (uint16_t)(port + run)) == in;)
				run++;
			if (run > 0 && text != NULL)
				at = terms_add_range(text, at, size,
				    (struct port_range){ (uint16_t)port,
					(uint16_t)(port + run - 1) });
			found += run;
		}
	}
	return found;
}
