/* SPDX-License-Identifier: ISC */
/*
 * Waits for the sockets of a lease to go: the kernel reports every TCP socket
 * that is destroyed (SKNLGRP_INET_TCP_DESTROY, linux/sock_diag.h).
 */
#ifndef DEPARTURES_H
#define DEPARTURES_H

#include "lease/slice.h"

#include <stdint.h>

/*
 * Wait until a socket at the addresses of t, or its sentinel, is gone, or a
 * report was lost, or wake turns readable, for at most ms milliseconds.  watch
 * is a descriptor of sockdiag_watch_open(); each may be -1: then the rest is
 * all that is waited for.
 * Who opens and closes sockets there himself is reported, too.
 */
void departures_wait(int watch, int wake, const struct terms *t, int64_t ms);

#endif
