/* SPDX-License-Identifier: ISC */
/*
 * Waits for the sockets of a lease to go: the kernel reports every TCP socket
 * that is destroyed (SKNLGRP_INET_TCP_DESTROY, linux/sock_diag.h), except for
 * the end of a TIME_WAIT.  UDP sockets are reported only where that is asked.
 */
#ifndef SOCKWATCH_H
#define SOCKWATCH_H

#include "kernel/sockdecode.h"

/*
 * A descriptor, O_CLOEXEC and not blocking, that turns readable when a TCP
 * socket is destroyed: any on the host.  Subscribe first, then look.  -1 with
 * errno as netlink_open.
 */
int sockwatch_open(void);

/* The same for UDP, too. */
int sockwatch_open_all(void);

/*
 * Adds what was destroyed, up to some hundred sockets (poll tells of the
 * rest).  Only ends, family, protocol and cookie of these are meant.  0; -1
 * with ENOBUFS: reports were lost, look again.
 */
int sockwatch_read(int watch, struct sockets *gone);

/*
 * Wait until a socket at the addresses of t, or its lock, is gone, or a report
 * was lost, or wake turns readable, for at most ms milliseconds.  watch is a
 * descriptor of sockwatch_open(); each may be -1: then the rest is all that is
 * waited for.  Sockets that the caller itself closes there are reported, too.
 */
void sockwatch_wait(int watch, int wake, const struct terms *t, int64_t ms);

#endif
