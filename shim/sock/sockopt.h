/* SPDX-License-Identifier: ISC */
/*
 * Questions about one socket, asked of the kernel beneath the shim.  All of
 * them keep errno and are async-signal-safe.
 */
#ifndef SOCKOPT_H
#define SOCKOPT_H

#include "lease/slice.h"

/* An integer option; false when the socket has none such. */
bool sockopt_get(int fd, int level, int option, int *value);

/* Set an integer option; false when the socket refuses. */
bool sockopt_set(int fd, int level, int option, int value);

/* IPPROTO_TCP (Multipath TCP too) or IPPROTO_UDP; 0 for any other socket. */
uint8_t sockopt_protocol(int fd);

/* SO_COOKIE, 0 unknown. */
uint64_t sockopt_cookie(int fd);

/* The local and the remote end; false when not IP or not connected. */
bool sockopt_local(int fd, struct endpoint *ep);
bool sockopt_peer(int fd, struct endpoint *ep);

/* Has it a peer?  Cheaper than to ask for its name. */
bool sockopt_connected(int fd);

#endif
