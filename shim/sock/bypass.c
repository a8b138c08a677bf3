/* SPDX-License-Identifier: ISC */
/* syscall(2) hands on all six arguments. */
#include "sock/bypass.h"

#include <sys/syscall.h>
#include <unistd.h>

int
mark_bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	return (int)syscall(SYS_bind, fd, sa, len, MARK_A, MARK_B, MARK_C);
}

int
mark_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	return (int)syscall(SYS_connect, fd, sa, len, MARK_A, MARK_B, MARK_C);
}

int
mark_listen(int fd, int backlog)
{
	return (int)syscall(
	    SYS_listen, fd, backlog, 0L, MARK_A, MARK_B, MARK_C);
}
