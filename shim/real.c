/* SPDX-License-Identifier: ISC */
/*
 * Finds the next definition of every call that the shim takes over.
 */
#include "real.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

struct real real_table;
_Atomic bool real_resolved;

/* POSIX lets dlsym return functions; ISO C wants a copy, not a cast. */
static void
resolve(void *call, const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	memcpy(call, &found, sizeof(found));
}

void
real_resolve(void)
{
	int keep = errno;

#define X(name) resolve(&real_table.name, #name);
	REAL_CALLS(X)
#undef X
	atomic_store_explicit(&real_resolved, true, memory_order_release);
	errno = keep;
}
