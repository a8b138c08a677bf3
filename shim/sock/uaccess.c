/* SPDX-License-Identifier: ISC */
/*
 * rt_sigprocmask(2) copies the new mask in before it looks at what to do with
 * it (kernel/signal.c): EFAULT, or EINVAL for a `how` that does not exist.
 *
 * Valgrind checks the arguments of that call, and would blame the program for
 * the seven bytes beside one of its own.  There process_vm_readv(2) reads a
 * byte, at four times the price.
 */
#include "sock/uaccess.h"

#include "lease/sys.h"

#include <stdint.h>
#include <sys/uio.h>

enum {
	MASK = 8, /* bytes of the kernel's sigset_t: looked at in one go */
	PAGE = 4096, /* the smallest there is */
	NEAR = 16384 /* of the stack, which callers keep their names on */
};

/*
 * Valgrind's own question (valgrind.h, RUNNING_ON_VALGRIND): a few instructions
 * that do nothing on a processor.
 */
static bool
checked(void)
{
	unsigned long request[6] = { 0x1001 };
#if defined(__x86_64__)
	unsigned long answer = 0;

	__asm__ volatile("rolq $3, %%rdi\n"
			 "rolq $13, %%rdi\n"
			 "rolq $61, %%rdi\n"
			 "rolq $51, %%rdi\n"
			 "xchgq %%rbx, %%rbx\n"
			 : "+d"(answer)
			 : "a"(request)
			 : "cc", "memory");
#elif defined(__aarch64__)
	register unsigned long answer __asm__("x3") = 0;
	register unsigned long *x4 __asm__("x4") = request;

	__asm__ volatile("ror x12, x12, #3\n"
			 "ror x12, x12, #13\n"
			 "ror x12, x12, #51\n"
			 "ror x12, x12, #61\n"
			 "orr x10, x10, x10\n"
			 : "+r"(answer)
			 : "r"(x4)
			 : "cc", "memory");
#endif
	return answer != 0;
}

static bool
readable_byte(uintptr_t at)
{
	char byte;
	struct iovec to = { &byte, 1 }, from = { (void *)at, 1 };

	return sys_raw(SYS_process_vm_readv, sys_getpid(), (long)&to, 1,
		   (long)&from, 1, 0) != -EFAULT;
}

static bool
readable(uintptr_t at)
{
	uintptr_t mask = at & ~(uintptr_t)(MASK - 1);

	if (checked())
		return readable_byte(at);
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
