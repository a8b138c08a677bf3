/* SPDX-License-Identifier: ISC */
/*
 * The record is never told of a close.  Whether a port is still taken is seen
 * by binding a socket to it.  Keeps errno, async-signal-safe.
 */
#ifndef PORTPROBE_H
#define PORTPROBE_H

#include "lease/record.h"

/* Is there a listener?  unsure: the answer when it cannot be tried. */
bool portprobe_taken(const struct endpoint *ep, uint8_t protocol, bool unsure);

/* Can the socket that was bound by this call still be there? */
bool portprobe_binding(const struct sockcall *call);

#endif
