/* SPDX-License-Identifier: ISC */
/* All records of the user in a network namespace. */
#ifndef RECORDS_H
#define RECORDS_H

#include "store/store.h"

/*
 * Call each for the address and identity of every readable record of this
 * network namespace in dir, or with NULL in every state directory: a tenth of
 * what mapping them costs.  Ends with the first result other than 0, and
 * returns it.
 */
int records_identities(const struct statedir *dir, uint64_t netns,
    int (*each)(uint32_t ip, const struct identity *, void *arg), void *arg);

/*
 * Remove what claims have left that died before they published: files that are
 * no records yet, and whose address nobody has locked.
 */
void records_sweep(uint64_t netns);

/*
 * Call each for every record of this network namespace in every state
 * directory, in the order of their names.  s is unmapped afterwards.  Ends
 * with the first result other than 0, and returns it.
 */
int records_each(uint64_t netns,
    int (*each)(const struct statedir *, struct stored *, void *), void *arg);

/*
 * Map the record of this address, in dir as above.  False when there is none,
 * or it was removed meanwhile; s->error tells why one cannot be read.
 */
bool records_find(const struct statedir *dir, struct stored *s, uint32_t ip,
    uint64_t netns, enum store_access access);

#endif
