/* SPDX-License-Identifier: ISC */
/*
 * Ports and addresses that a test has to itself while it runs, whoever else
 * runs tests on this host: another user, another clone of this repository.
 */
#ifndef RESERVE_H
#define RESERVE_H

/*
 * A port that is free for TCP and UDP on every address of both families, and
 * that the kernel gives to nobody who asks for any port.  In decimal; valid
 * until the test ends.
 */
const char *reserve_port(void);
/* An address of 127.32.0.0/11, outside the pool of leases; always the same. */
const char *reserve_address(void);

#endif
