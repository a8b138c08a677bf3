/* SPDX-License-Identifier: ISC */
/*
 * rt_sigprocmask(2) copies the new mask in before it looks at what to do with
 * it (kernel/signal.c): EFAULT, or EINVAL for a `how` that does not exist.
 */
#include "sock/uaccess.h"

#include "lease/sys.h"

#include <stdint.h>

enum {
	MASK = 8, /* bytes of the kernel's sigset_t: looked at in one go */
	PAGE = 4096, /* the smallest there is */
	NEAR = 16384 /* of the stack, which callers keep their names on */
};

static bool
readable(uintptr_t at)
{
	uintptr_t mask = at & ~(uintptr_t)(MASK - 1);

	return sys_raw(SYS_rt_sigprocmask, -1, (long)mask, 0, MASK, 0, 0) !=
	       -EFAULT;
}

bool
uaccess_readable(const void *p, size_t n)
{
	uintptr_t at = (uintptr_t)p, last = at + n - 1;
	uintptr_t frame = (uintptr_t)__builtin_frame_address(0);

	if (n == 0 || (at - frame < NEAR && last - frame < NEAR))
		return true;
	if (last < at || at < PAGE)
		return false;
	for (; at <= last; at = (at | (PAGE - 1)) + 1)
		if (!readable(at))
			return false;
	return true;
}
