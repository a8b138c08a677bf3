/* SPDX-License-Identifier: ISC */
/*
 * Who else holds the lock of an address: a reaper, whoever waits to adopt it,
 * or a stranger on its port.
 */
#ifndef RIVAL_H
#define RIVAL_H

#include "evidence.h"

/*
 * Find the process that holds the sentinel of ip, and wait until it ends, or
 * until that time of clock_ms.  True when it has ended; *rival is the one
 * found, its holder 0 when none can be seen: before Linux 6.8 none can.
 */
bool rival_wait(uint32_t ip, int64_t until, struct leftover *rival);

#endif
