/* SPDX-License-Identifier: ISC */
/* The leases of the user, their records mapped: whose is a socket? */
#ifndef LEASES_H
#define LEASES_H

#include "kernel/sockdecode.h"
#include "store/store.h"

struct leases {
	struct stored *list; /* from the heap; those that can be read */
	size_t n;
};

/* Those of a network namespace.  0; -1 with ENOMEM. */
int leases_read(struct leases *all, uint64_t netns);
void leases_free(struct leases *all);

/*
 * The lease of a socket, by its address or, for one on a wildcard or an
 * adopted address, by its cookie.  NULL: none of ours.
 */
const struct stored *leases_of(
    const struct leases *all, const struct sockdiag_socket *s);

/* The lease of this address; NULL: none of ours. */
const struct stored *leases_at(const struct leases *all, uint32_t ip);

#endif
