/* SPDX-License-Identifier: ISC */
/*
 * The libc calls beneath ours, listed once and typed by libc itself.
 *
 * They are resolved together, by dlsym(3) with RTLD_NEXT, in a constructor
 * or by the first hooked call if that comes earlier.  Racing resolvers store
 * the same values.  A call that this libc lacks is NULL: bindresvport,
 * execveat and __recvfrom_chk may be, on musl.
 */
#ifndef REAL_H
#define REAL_H

#include <netinet/in.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the shared object shows to the program. */
#define EXPORT __attribute__((visibility("default")))

/* recvfrom as compiled with _FORTIFY_SOURCE: size is that of the buffer. */
ssize_t __recvfrom_chk(int fd, void *buf, size_t n, size_t size, int flags,
    struct sockaddr *sa, socklen_t *len);

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
	X(execvpe)                                                             \
	X(fexecve)                                                             \
	X(execveat)                                                            \
	X(posix_spawn)                                                         \
	X(posix_spawnp)

struct real {
#define X(name) __typeof__(name) *name;
	REAL_CALLS(X)
#undef X
};

/* The table, and whether it is filled: written by real_resolve only. */
extern struct real real_table;
extern _Atomic bool real_resolved;

/* Fill the table.  Keeps errno. */
void real_resolve(void);

/*
 * From now on bind, connect and listen are the marked ones (mark.h), not
 * what comes next behind the shim: a net lies below.
 */
void real_bypass(void);

static inline const struct real *
real(void)
{
	if (!atomic_load_explicit(&real_resolved, memory_order_acquire))
		real_resolve();
	return &real_table;
}

#endif
