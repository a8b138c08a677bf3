/* SPDX-License-Identifier: ISC */
/* A set of port numbers, a bit each.  Pure. */
#ifndef PORTSET_H
#define PORTSET_H

#include "lease/slice.h"

struct portset {
	uint64_t bits[65536 / 64];
};

void portset_add(struct portset *set, uint16_t port);
bool portset_has(const struct portset *set, uint16_t port);

/*
 * Counts the ports of t that are in the set, or, with in false, are not.  They
 * are written to text, unless it is NULL, as "9925-9927,1883", cut at size.
 */
unsigned int portset_of(const struct portset *set, const struct terms *t,
    bool in, char *text, size_t size);

#endif
