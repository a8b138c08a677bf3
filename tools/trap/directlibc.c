/* SPDX-License-Identifier: ISC */
/*
 * What lies beneath the modules of shim/ when they run in the tools: libc,
 * and the marked calls, since a net may lie below the tools, too.
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
};
_Atomic bool real_resolved = true;

void
real_resolve(void)
{
}
