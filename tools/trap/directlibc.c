/* SPDX-License-Identifier: ISC */
/*
 * The table of real calls for the modules of shim/ when they run in the tools:
 * those of libc, and the marked ones, since the tools may run below a filter.
 */
#include "sock/bypass.h"
#include "sock/libc.h"

struct real real_table = {
	.bind = bypass_bind,
	.connect = bypass_connect,
	.listen = bypass_listen,
	.getsockname = getsockname,
	.getpeername = getpeername,
	.getsockopt = getsockopt,
	.setsockopt = setsockopt,
	.clock = clock_gettime,
};
_Atomic bool real_resolved = true;

void
real_resolve(void)
{
}
