/* SPDX-License-Identifier: ISC */
/*
 * Nobody tells the record of a close: a socket that tries to bind a place
 * says whether it is still taken.  Keeps errno, async-signal-safe.
 */
#ifndef PORTPROBE_H
#define PORTPROBE_H

#include "lease/record.h"

/* Does anybody listen there?  unsure: the answer when it cannot be tried. */
bool portprobe_taken(
    const struct endpoint *place, uint8_t protocol, bool unsure);

/* Can the socket of this way still be there, listening or not? */
bool portprobe_binding(const struct binding *way);

#endif
