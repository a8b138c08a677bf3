/* SPDX-License-Identifier: ISC */
/* How a process came by a socket: opened, inherited or received. */
#ifndef DESCENT_H
#define DESCENT_H

#include "why/look.h"

/*
 * Fill in descent, origin and origin_gone of the facts.  The record names the
 * opener; without one the oldest holder is taken for it.
 */
void descent_find(struct look *look, const struct found *f, struct holding *h);

/* Is one of them an ancestor of the other, or have they the same parent? */
bool descent_kin(struct look *look, pid_t a, pid_t b);

#endif
