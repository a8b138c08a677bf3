/* SPDX-License-Identifier: ISC */
/*
 * Preloaded: ends the program when it asks the kernel through libc.  A library
 * that takes a lock and connects in these calls, as fakeroot's does, would
 * wait for ever.
 */
/* unistd.h would say what they take. */
long write(int fd, const void *text, unsigned long n);
__attribute__((noreturn)) void _exit(int status);

#define REFUSE(name)                                                           \
	long name(void);                                                       \
	long name(void)                                                        \
	{                                                                      \
		(void)!write(2, "asked through " #name "\n",                   \
		    sizeof("asked through " #name "\n") - 1);                  \
		_exit(99);                                                     \
	}

REFUSE(clock_gettime)
REFUSE(dladdr)
REFUSE(faccessat)
REFUSE(fgetxattr)
REFUSE(fstat)
REFUSE(fstatat)
REFUSE(getcwd)
REFUSE(geteuid)
REFUSE(getpeername)
REFUSE(getpid)
REFUSE(getsockname)
REFUSE(getsockopt)
REFUSE(kill)
REFUSE(madvise)
REFUSE(mmap)
REFUSE(munmap)
REFUSE(openat)
REFUSE(prctl)
REFUSE(pread64)
REFUSE(readlink)
REFUSE(setsockopt)
REFUSE(syscall)
