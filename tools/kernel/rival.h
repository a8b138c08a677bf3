/* SPDX-License-Identifier: ISC */
/*
 * The lock of an address when somebody else has it: a reaper, whoever waits to
 * adopt it, or a stranger on its port.
 */
#ifndef RIVAL_H
#define RIVAL_H

#include "proof/evidence.h"

/*
 * Take the sentinel of ip as soon as it is let go, but not after that time of
 * clock_ms.  The descriptor; -1 with errno as addrlock_take, and with
 * EADDRINUSE who has it in *rival, whose holder is 0 when it cannot be seen
 * (before Linux 6.8).
 */
int addrlock_wait(uint32_t ip, int64_t until, struct leftover *rival);

#endif
