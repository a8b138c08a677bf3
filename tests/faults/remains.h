/* SPDX-License-Identifier: ISC */
/*
 * What may be left when something went wrong: nothing, once `reap --all` has
 * run and the address was leased again.  The look is independent of the tools:
 * the kernel's word on our children, /proc/net, the directory.
 */
#ifndef REMAINS_H
#define REMAINS_H

#include <stddef.h>

/* Reap, lease the address again, look; text gets what is wrong, for people,
 * "" nothing.  Then nothing is left, one way or the other. */
void remains_end(const char *ip, char *text, size_t size);

#endif
