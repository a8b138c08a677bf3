/* SPDX-License-Identifier: ISC */
/*
 * The lock of a lease is a socket: TCP, bound without listening and without
 * SO_REUSEADDR to one fixed port.  The kernel makes it exclusive for all
 * users of the network namespace and releases it when its holder dies.
 */
#ifndef ADDRLOCK_H
#define ADDRLOCK_H

#include "kernel/holders.h"

#include <stdbool.h>

/* Below every usual ephemeral range (ip_local_port_range starts at 32768). */
enum { ADDRLOCK_PORT = 28255 };

/* 127.64.0.0/10: the addresses that leases are made of. */
#define POOL_NET  0x7f400000U
#define POOL_MASK 0xffc00000U
enum { POOL_SLICES = 16384 };

/* Where the lock of a leased or adopted address is bound. */
uint32_t addrlock_address(uint32_t ip);

/* Take the lock of ip: a descriptor, O_CLOEXEC; -1 with EADDRINUSE. */
int addrlock_take(uint32_t ip);

/* Does any process hold the lock of ip?  Takes it for a moment to see. */
bool addrlock_held(uint32_t ip);

/*
 * Take the lock of ip as soon as its holder (a reaper, a process that waits to
 * adopt it, or a stranger on its port) lets it go, but not after that time of
 * clock_ms.  The descriptor; -1 with errno as addrlock_take: with EADDRINUSE
 * *rival is its holder, which cannot be seen before Linux 6.8.
 */
int addrlock_wait(uint32_t ip, int64_t until, struct holder *rival);

/*
 * Bind a port for a moment: 0 free; -1 with EADDRINUSE taken, or another
 * errno.  type is SOCK_STREAM or SOCK_DGRAM.
 */
int addrlock_probe(uint32_t ip, uint16_t port, int type, bool reuse);

#endif
