/* SPDX-License-Identifier: ISC */
/*
 * May memory that the program names be touched?  The kernel answers a bad
 * address with EFAULT; a hook that reads it first must not crash instead.
 * Keeps errno, async-signal-safe.
 */
#ifndef UACCESS_H
#define UACCESS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Can n bytes be read?  Costs a system call for each page that is not near
 * the end of the caller's stack.
 */
bool uaccess_readable(const void *p, size_t n);

#endif
