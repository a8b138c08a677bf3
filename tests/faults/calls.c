/* SPDX-License-Identifier: ISC */
/*
 * What the kernel itself gives for want of memory, descriptors, space or
 * time, or because a disk fails.  Not here are calls that cannot fail so, and
 * three that strace cannot make fail as the kernel does, because it does not
 * let the call happen: close(2) frees the descriptor all the same, brk(2)
 * returns no error, exit_group(2) does not return.  Nor is waitid(2), which
 * the tools call with WNOHANG alone.
 */
#include "calls.h"

#include <stddef.h>
#include <string.h>

/* The last entry is always NULL. */
static const struct {
	const char *call;
	const char *errors[CALLS_ERRORS + 1];
} table[] = {
	{ "accept4", { "EMFILE", "ENOMEM", "EINTR" } },
	{ "access", { "ENOMEM" } },
	{ "bind", { "ENOMEM" } },
	{ "chdir", { "ENOMEM", "EIO" } },
	{ "clock_nanosleep", { "EINTR" } },
	{ "clone", { "EAGAIN", "ENOMEM" } },
	{ "clone3", { "EAGAIN", "ENOMEM" } },
	{ "connect", { "EAGAIN", "EINTR" } },
	{ "dup", { "EMFILE" } },
	{ "dup2", { "EMFILE" } },
	{ "dup3", { "EMFILE" } },
	{ "epoll_create1", { "EMFILE", "ENOMEM" } },
	{ "epoll_ctl", { "ENOMEM", "ENOSPC" } },
	{ "epoll_pwait", { "EINTR" } },
	{ "epoll_wait", { "EINTR" } },
	{ "eventfd2", { "EMFILE", "ENOMEM" } },
	{ "execve", { "ENOMEM", "EIO", "EAGAIN" } },
	{ "faccessat", { "ENOMEM" } },
	{ "faccessat2", { "ENOMEM" } },
	{ "fallocate", { "ENOSPC", "EIO", "EINTR" } },
	{ "fcntl", { "EMFILE", "EAGAIN" } },
	{ "fstat", { "EIO" } },
	{ "ftruncate", { "EIO", "ENOSPC" } },
	{ "getcwd", { "ENOMEM" } },
	{ "getdents64", { "ENOMEM", "EIO" } },
	{ "getrandom", { "EINTR" } },
	{ "getsockname", { "ENOMEM" } },
	{ "getsockopt", { "ENOMEM" } },
	{ "ioctl", { "EINTR" } },
	{ "memfd_create", { "EMFILE", "ENOMEM" } },
	{ "mkdir", { "ENOSPC", "EIO" } },
	{ "mmap", { "ENOMEM" } },
	{ "mprotect", { "ENOMEM" } },
	{ "mremap", { "ENOMEM" } },
	{ "nanosleep", { "EINTR" } },
	{ "newfstatat", { "ENOMEM", "EIO" } },
	{ "openat", { "EMFILE", "ENOMEM", "EIO", "ENOSPC" } },
	{ "pidfd_getfd", { "EMFILE" } },
	{ "pidfd_open", { "EMFILE", "ENOMEM" } },
	{ "pidfd_send_signal", { "EAGAIN" } },
	{ "pipe2", { "EMFILE" } },
	{ "poll", { "ENOMEM", "EINTR" } },
	{ "ppoll", { "ENOMEM", "EINTR" } },
	{ "pread64", { "EIO", "EINTR" } },
	{ "read", { "EIO", "EINTR", "EAGAIN" } },
	{ "readlink", { "ENOMEM", "EIO" } },
	{ "readlinkat", { "ENOMEM", "EIO" } },
	{ "recvfrom", { "ENOMEM", "EINTR", "EAGAIN" } },
	{ "recvmsg", { "ENOMEM", "EINTR", "EAGAIN" } },
	{ "renameat", { "ENOSPC", "EIO" } },
	{ "renameat2", { "ENOSPC", "EIO" } },
	{ "seccomp", { "ENOMEM" } },
	{ "sendmsg", { "ENOMEM", "EINTR" } },
	{ "sendto", { "ENOMEM", "EINTR" } },
	{ "setsockopt", { "ENOMEM" } },
	{ "signalfd4", { "EMFILE", "ENOMEM" } },
	{ "socket", { "EMFILE", "ENOMEM" } },
	{ "socketpair", { "EMFILE", "ENOMEM" } },
	{ "timerfd_create", { "EMFILE", "ENOMEM" } },
	{ "unlinkat", { "EIO", "ENOMEM" } },
	{ "vfork", { "EAGAIN", "ENOMEM" } },
	{ "wait4", { "EINTR" } },
	{ "write", { "ENOSPC", "EIO", "EINTR", "EAGAIN" } },
};

const char *const *
calls_errors(const char *call)
{
	static const char *const none[] = { NULL };

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(table[i].call, call) == 0)
			return table[i].errors;
	return none;
}
