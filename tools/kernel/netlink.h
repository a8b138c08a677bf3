/* SPDX-License-Identifier: ISC */
/* Sockets of NETLINK_SOCK_DIAG, on which only the kernel is believed. */
#ifndef NETLINK_H
#define NETLINK_H

#include <sys/types.h>

/*
 * Bound, so that the kernel can answer; O_CLOEXEC, and flags of socket(2).
 * -1 with EPERM, EACCES, EPROTONOSUPPORT, EAFNOSUPPORT where it is refused.
 */
int netlink_open(int flags);

/*
 * One datagram from the kernel; others, which may be forged, are dropped.
 * Its length; -1 with errno, EBADMSG when it is longer than size.
 */
ssize_t netlink_receive(int fd, void *buf, size_t size);

#endif
