/* SPDX-License-Identifier: ISC */
/*
 * Finds the next definition of every call that the shim takes over.
 */
#include "hook/real.h"

#include "sock/bypass.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

struct real real_table;
_Atomic bool real_resolved;

/* Set once, by real_bypass, for resolvers that come later. */
static _Atomic bool bypassing;

/* POSIX lets dlsym return functions; ISO C wants a copy, not a cast. */
static void
resolve(void *call, const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	memcpy(call, &found, sizeof(found));
}

static void
bypass(void)
{
	real_table.bind = bypass_bind;
	real_table.connect = bypass_connect;
	real_table.listen = bypass_listen;
}

void
real_resolve(void)
{
	int keep = errno;

#define X(name) resolve(&real_table.name, #name);
	REAL_CALLS(X)
#undef X
	if (atomic_load(&bypassing))
		bypass();
	atomic_store_explicit(&real_resolved, true, memory_order_release);
	errno = keep;
}

void
real_bypass(void)
{
	atomic_store(&bypassing, true);
	bypass();
}
