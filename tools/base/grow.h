/* SPDX-License-Identifier: ISC */
/* Arrays on the heap that grow by one. */
#ifndef GROW_H
#define GROW_H

#include <stddef.h>
#include <stdlib.h>

/*
 * An array of n elements, with room for the power of two at or above n: the
 * same with room for one more.  NULL with errno ENOMEM; the array stays then.
 */
static inline void *
grow(void *list, size_t n, size_t size)
{
	if ((n & (n - 1)) != 0)
		return list;
	return reallocarray(list, n == 0 ? 1 : n * 2, size);
}

#endif
