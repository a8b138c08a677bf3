/* SPDX-License-Identifier: ISC */
/*
 * Names as programs pass them in and get them back: sockaddr and length, by
 * the rules of bind(2) and getsockname(2).  A name that the kernel would refuse
 * is not read here, so that the kernel refuses it.
 */
#ifndef SOCKNAME_H
#define SOCKNAME_H

#include "lease/slice.h"

/* Read a name that a program passed in; false: not IP, or not valid. */
bool sockname_read(
    struct endpoint *ep, const struct sockaddr *sa, socklen_t len);

/* The same for a name of AF_UNSPEC, as if it were one of AF_INET. */
bool sockname_read_unspec(
    struct endpoint *ep, const struct sockaddr *sa, socklen_t len);

/* Will the kernel look at this name at all? */
bool sockname_readable(const struct sockaddr *sa, socklen_t len);

/* The bytes that a name may take there; -1: the kernel is to refuse it. */
int sockname_room(const socklen_t *len);

/* Does this message carry a name, or room for one? */
bool sockname_named(const struct msghdr *msg);

/*
 * Does the kernel, which writes into this room, cut a name of IP within its
 * address?  Then it cannot be translated in place.
 */
bool sockname_cuts(socklen_t room);

/*
 * Read what the kernel, which tells len, has written into this room; false
 * when it is no name of IP or its address is not whole.
 */
bool sockname_written(struct endpoint *ep, const struct sockaddr *sa,
    socklen_t len, socklen_t room);

/*
 * Write ep as the kernel is to see it in place of a name of len bytes, of
 * which it reads no more than there are.  Returns the length to pass.
 */
socklen_t sockname_fill(
    struct sockaddr_in6 *in6, const struct endpoint *ep, socklen_t len);

#endif
