/* SPDX-License-Identifier: ISC */
/* A lease with a name, which leads to the same address every time. */
#ifndef NAMED_H
#define NAMED_H

#include "base/options.h"
#include "claim/claim.h"

/*
 * Take the lock of the name o->name.  When a lease has it, wait o->wait for
 * its end (by default not at all), which --replace asks for.  0; -1 with
 * c->why.
 */
int named_lock(struct claim *c, const struct options *o);

/*
 * Claim the slice that is derived from user and name, or the next one that is
 * free, and then say so in c->said.  What an earlier lease of the name has left
 * there is ended first.  0; -1 with c->why.
 */
int named_claim(struct claim *c, const struct options *o);

#endif
