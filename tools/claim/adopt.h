/* SPDX-License-Identifier: ISC */
/* An address that the caller chose: its last tenant is waited for. */
#ifndef ADOPT_H
#define ADOPT_H

#include "base/options.h"
#include "claim/claim.h"

/*
 * Claim o->ip, finishing an orphan there, for at most o->wait and until
 * it is cancelled.  0; -1 with c->why.
 */
int adopt_claim(struct claim *c, const struct options *o);

#endif
