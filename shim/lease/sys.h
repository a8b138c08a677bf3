/* SPDX-License-Identifier: ISC */
/*
 * The shim's own questions to the kernel, as system calls without libc.
 *
 * Any symbol of libc may be another preloaded library's: that of fakeroot
 * answers fstat from a lock and a connection, that of faketime tells another
 * time.  What is asked here is asked of the kernel, takes no lock and calls
 * nothing.
 *
 * Results and errno are those of the calls without the prefix; see the second
 * section of the manual.  Async-signal-safe, vfork-safe.
 */
#ifndef SYS_H
#define SYS_H

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <time.h>

/* Six arguments always: what a call does not take, the kernel ignores. */
#if defined(__clang_analyzer__)
/* It takes what an asm statement writes for never written. */
long sys_raw(long nr, long a, long b, long c, long d, long e, long f);
#elif defined(__x86_64__)
static inline long
sys_raw(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long rc;

	__asm__ volatile(
	    "syscall"
	    : "=a"(rc)
	    : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
	    : "rcx", "r11", "memory");
	return rc;
}
#elif defined(__aarch64__)
static inline long
sys_raw(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#else
#error "the system calls of the shim are not written for this machine"
#endif

/* As syscall(2): -1 and errno. */
static inline long
sys_call(long nr, long a, long b, long c, long d, long e, long f)
{
	long rc = sys_raw(nr, a, b, c, d, e, f);

	if (rc >= 0 || rc < -4095)
		return rc;
	errno = (int)-rc;
	return -1;
}

static inline int
sys_openat(int dirfd, const char *path, int flags)
{
	return (int)sys_call(SYS_openat, dirfd, (long)path, flags, 0, 0, 0);
}

static inline void
sys_close(int fd)
{
	(void)sys_raw(SYS_close, fd, 0, 0, 0, 0, 0);
}

static inline ssize_t
sys_read(int fd, void *buf, size_t n)
{
	return sys_call(SYS_read, fd, (long)buf, (long)n, 0, 0, 0);
}

static inline ssize_t
sys_pread(int fd, void *buf, size_t n, uint64_t at)
{
	return sys_call(SYS_pread64, fd, (long)buf, (long)n, (long)at, 0, 0);
}

static inline ssize_t
sys_writev(int fd, const struct iovec *iov, size_t n)
{
	return sys_call(SYS_writev, fd, (long)iov, (long)n, 0, 0, 0);
}

/* The kernel's struct stat is libc's on both machines. */
static inline int
sys_fstatat(int dirfd, const char *path, struct stat *st, int flags)
{
	return (int)sys_call(
	    SYS_newfstatat, dirfd, (long)path, (long)st, flags, 0, 0);
}

static inline int
sys_fstat(int fd, struct stat *st)
{
	return sys_fstatat(fd, "", st, AT_EMPTY_PATH);
}

static inline int
sys_access(const char *path, int mode)
{
	return (int)sys_call(
	    SYS_faccessat, AT_FDCWD, (long)path, mode, 0, 0, 0);
}

static inline ssize_t
sys_readlink(const char *path, char *buf, size_t n)
{
	return sys_call(
	    SYS_readlinkat, AT_FDCWD, (long)path, (long)buf, (long)n, 0, 0);
}

/* The length with the NUL, or -1. */
static inline ssize_t
sys_getcwd(char *buf, size_t n)
{
	return sys_call(SYS_getcwd, (long)buf, (long)n, 0, 0, 0, 0);
}

static inline ssize_t
sys_fgetxattr(int fd, const char *name, void *value, size_t n)
{
	return sys_call(
	    SYS_fgetxattr, fd, (long)name, (long)value, (long)n, 0, 0);
}

static inline int
sys_dupfd_cloexec(int fd)
{
	return (int)sys_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 0, 0, 0, 0);
}

/* MAP_FAILED is -1, as it is of libc's. */
static inline void *
sys_mmap(size_t n, int prot, int flags, int fd)
{
	return (void *)sys_call(SYS_mmap, 0, (long)n, prot, flags, fd, 0);
}

static inline void
sys_munmap(void *at, size_t n)
{
	(void)sys_raw(SYS_munmap, (long)at, (long)n, 0, 0, 0, 0);
}

static inline int
sys_madvise(void *at, size_t n, int advice)
{
	return (int)sys_call(SYS_madvise, (long)at, (long)n, advice, 0, 0, 0);
}

static inline int32_t
sys_getpid(void)
{
	return (int32_t)sys_raw(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

static inline uid_t
sys_geteuid(void)
{
	return (uid_t)sys_raw(SYS_geteuid, 0, 0, 0, 0, 0, 0);
}

static inline gid_t
sys_getegid(void)
{
	return (gid_t)sys_raw(SYS_getegid, 0, 0, 0, 0, 0, 0);
}

static inline int
sys_kill(int32_t pid, int sig)
{
	return (int)sys_call(SYS_kill, pid, sig, 0, 0, 0, 0);
}

/* The calls of prctl(2) that take one argument at most. */
static inline int
sys_prctl(int what, void *arg)
{
	return (int)sys_call(SYS_prctl, what, (long)arg, 0, 0, 0, 0);
}

static inline int
sys_clock_gettime(clockid_t clock, struct timespec *ts)
{
	return (int)sys_call(SYS_clock_gettime, clock, (long)ts, 0, 0, 0, 0);
}

static inline int
sys_nanosleep(const struct timespec *time)
{
	return (int)sys_call(SYS_nanosleep, (long)time, 0, 0, 0, 0, 0);
}

static inline int
sys_socket(int family, int type, int protocol)
{
	return (int)sys_call(SYS_socket, family, type, protocol, 0, 0, 0);
}

static inline int
sys_getsockopt(int fd, int level, int option, void *value, socklen_t *len)
{
	return (int)sys_call(
	    SYS_getsockopt, fd, level, option, (long)value, (long)len, 0);
}

static inline int
sys_setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	return (int)sys_call(
	    SYS_setsockopt, fd, level, option, (long)value, (long)len, 0);
}

static inline int
sys_getsockname(int fd, struct sockaddr *sa, socklen_t *len)
{
	return (int)sys_call(SYS_getsockname, fd, (long)sa, (long)len, 0, 0, 0);
}

static inline int
sys_getpeername(int fd, struct sockaddr *sa, socklen_t *len)
{
	return (int)sys_call(SYS_getpeername, fd, (long)sa, (long)len, 0, 0, 0);
}

#endif
