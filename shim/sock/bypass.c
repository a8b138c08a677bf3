/* SPDX-License-Identifier: ISC */
#include "sock/bypass.h"

#include "lease/sys.h"

int
bypass_bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	return (int)sys_call(SYS_bind, fd, (long)sa, (long)len, (long)BYPASS_A,
	    (long)BYPASS_B, (long)BYPASS_C);
}

int
bypass_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	return (int)sys_call(SYS_connect, fd, (long)sa, (long)len,
	    (long)BYPASS_A, (long)BYPASS_B, (long)BYPASS_C);
}

int
bypass_listen(int fd, int backlog)
{
	return (int)sys_call(SYS_listen, fd, backlog, 0, (long)BYPASS_A,
	    (long)BYPASS_B, (long)BYPASS_C);
}
