/* SPDX-License-Identifier: ISC */
/* Numbers that follow each other are written as a range. */
#include "base/portset.h"

#include <stdio.h>

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

static size_t
append(char *text, size_t at, size_t size, uint32_t first, uint32_t last)
{
	int n;

	if (text == NULL || at >= size)
		return at;
	n = snprintf(text + at, size - at, first == last ? "%s%u" : "%s%u-%u",
	    at > 0 ? "," : "", first, last);
	return n > 0 ? at + (size_t)n : size;
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
			if (run > 0)
				at = append(
				    text, at, size, port, port + run - 1);
			found += run;
		}
	}
	return found;
}
