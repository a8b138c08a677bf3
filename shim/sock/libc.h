/* SPDX-License-Identifier: ISC */
/*
 * The real calls, listed once and typed by libc itself: what the hooks of the
 * shim hide, and what the modules of sock/ call.
 *
 * The shim fills the table (hook/real.c), the tools with the calls
 * themselves (trap/directlibc.c).  A call that this libc lacks is NULL:
 * bindresvport, execveat, __recvfrom_chk, dlmopen and dlvsym may be, on musl.
 */
#ifndef LIBC_H
#define LIBC_H

#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <wordexp.h>

/* recvfrom as compiled with _FORTIFY_SOURCE: size is that of the buffer. */
ssize_t __recvfrom_chk(int fd, void *buf, size_t n, size_t size, int flags,
    struct sockaddr *sa, socklen_t *len);

/* posix_spawn that gives a pidfd: glibc 2.39. */
int pidfd_spawn(int *restrict pidfd, const char *restrict path,
    const posix_spawn_file_actions_t *restrict actions,
    const posix_spawnattr_t *restrict attr, char *const argv[restrict],
    char *const envp[restrict]);
int pidfd_spawnp(int *restrict pidfd, const char *restrict file,
    const posix_spawn_file_actions_t *restrict actions,
    const posix_spawnattr_t *restrict attr, char *const argv[restrict],
    char *const envp[restrict]);

#define REAL_CALLS(X)                                                          \
	X(bind)                                                                \
	X(connect)                                                             \
	X(listen)                                                              \
	X(accept)                                                              \
	X(accept4)                                                             \
	X(getsockname)                                                         \
	X(getpeername)                                                         \
	X(getsockopt)                                                          \
	X(setsockopt)                                                          \
	X(sendto)                                                              \
	X(sendmsg)                                                             \
	X(sendmmsg)                                                            \
	X(recvfrom)                                                            \
	X(recvmsg)                                                             \
	X(recvmmsg)                                                            \
	X(__recvfrom_chk)                                                      \
	X(bindresvport)                                                        \
	X(execve)                                                              \
	X(execv)                                                               \
	X(execvp)                                                              \
	X(execvpe)                                                             \
	X(fexecve)                                                             \
	X(execveat)                                                            \
	X(posix_spawn)                                                         \
	X(posix_spawnp)                                                        \
	X(pidfd_spawn)                                                         \
	X(pidfd_spawnp)                                                        \
	X(system)                                                              \
	X(popen)                                                               \
	X(wordexp)                                                             \
	X(dlopen)                                                              \
	X(dlmopen)                                                             \
	X(dlsym)                                                               \
	X(dlvsym)                                                              \
	X(getaddrinfo)                                                         \
	X(gethostbyname)                                                       \
	X(gethostbyname2)                                                      \
	X(gethostbyname_r)                                                     \
	X(gethostbyname2_r)

struct real {
#define X(name) __typeof__(name) *name;
	REAL_CALLS(X)
#undef X
	__typeof__(clock_gettime) *clock; /* the vDSO's: see lease/sys.h */
};

/* The table, and whether it is filled: written by real_resolve only. */
extern struct real real_table;
extern _Atomic bool real_resolved;

/* Fill the table.  Racing callers store the same values.  Keeps errno. */
void real_resolve(void);

static inline const struct real *
real(void)
{
	if (!atomic_load_explicit(&real_resolved, memory_order_acquire))
		real_resolve();
	return &real_table;
}

#endif
