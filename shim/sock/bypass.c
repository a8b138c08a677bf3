/* SPDX-License-Identifier: ISC */
/* syscall(2) hands on all six arguments. */
#include "sock/bypass.h"

#include <sys/syscall.h>
#include <unistd.h>

int
bypass_bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	return (int)syscall(
	    SYS_bind, fd, sa, len, BYPASS_A, BYPASS_B, BYPASS_C);
}

int
bypass_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	return (int)syscall(
	    SYS_connect, fd, sa, len, BYPASS_A, BYPASS_B, BYPASS_C);
}

int
bypass_listen(int fd, int backlog)
{
	return (int)syscall(
	    SYS_listen, fd, backlog, 0L, BYPASS_A, BYPASS_B, BYPASS_C);
}
