/* SPDX-License-Identifier: ISC */
/*
 * Names as programs pass them in and get them back: sockaddr and length, by
 * the rules of bind(2) and getsockname(2).  Whatever the kernel would refuse
 * is not read here, so that the kernel refuses it.
 */
#ifndef SOCKNAME_H
#define SOCKNAME_H

#include "slice.h"

/* What the real call fills in place of the program's own buffer. */
struct sockname {
	struct sockaddr_storage ss;
	socklen_t len; /* as returned: may exceed what was stored */
};

/* Read a name that a program passed in; false: not IP, or not valid. */
bool sockname_read(
    struct endpoint *ep, const struct sockaddr *sa, socklen_t len);

/* Will the kernel look at this name at all? */
bool sockname_readable(const struct sockaddr *sa, socklen_t len);

/* Can a name be returned to this place?  If not, the kernel must say so. */
bool sockname_wanted(const struct sockaddr *sa, const socklen_t *len);

/* Does this message carry a name, or room for one? */
bool sockname_named(const struct msghdr *msg);

/* Read what the real call returned; false when it is no IP name. */
bool sockname_got(const struct sockname *name, struct endpoint *ep);

/* Put ep in place of what the real call returned. */
void sockname_put(struct sockname *name, const struct endpoint *ep);

/* Hand the name over: cut to *len bytes, *len set to the full length. */
void sockname_show(
    const struct sockname *name, struct sockaddr *sa, socklen_t *len);

#endif
