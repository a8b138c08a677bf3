/* SPDX-License-Identifier: ISC */
/*
 * KEEP_ERRNO in a block: errno is the same after the block as before it.
 */
#ifndef LEASE_ERRNO_H
#define LEASE_ERRNO_H

#include <errno.h>

static inline void
errno_restore(const int *kept)
{
	errno = *kept;
}

#define KEEP_ERRNO                                                             \
	int kept __attribute__((unused, cleanup(errno_restore))) = errno

#endif
