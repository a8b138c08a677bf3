/* SPDX-License-Identifier: ISC */
/* The facts of a socket that was found, for each of its holders. */
#ifndef FACTS_H
#define FACTS_H

#include "why/look.h"

/* The descriptors of this socket, in look->descriptors, and how many. */
const struct descriptor *facts_holders(
    const struct look *look, uint32_t inode, size_t *n);

/*
 * Fill in all but socket and count.  all: the sockets of the same look, among
 * them its peer and those that share its port.  0; -1 with ENOMEM.
 */
int facts_find(struct look *look, struct found *f, const struct sockets *all,
    bool elsewhere);

#endif
