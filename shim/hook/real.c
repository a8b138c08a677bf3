/* SPDX-License-Identifier: ISC */
/*
 * Finds the next definition of every call that the shim takes over.
 */
#include "hook/real.h"

#include "hook/elfsym.h"
#include "lease/errno.h"
#include "lease/sys.h"
#include "sock/bypass.h"

#include <stddef.h>
#include <string.h>

struct real real_table;
_Atomic bool real_resolved;

/* As found, before any bypass: written by real_resolve only. */
static struct real next;

/* Set once, by real_bypass, for resolvers that come later. */
static _Atomic bool bypassing;

/* The hooks of these calls, in the same order. */
static const struct real hooks = {
#define X(name) .name = (name),
	REAL_CALLS(X)
#undef X
};

enum { CALLS = offsetof(struct real, clock) / sizeof(void *) };

#if defined(__aarch64__)
#define VDSO_CLOCK "__kernel_clock_gettime"
#else
#define VDSO_CLOCK "__vdso_clock_gettime"
#endif

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
	struct elfsym wanted[] = {
#define X(call) { .name = #call },
		REAL_CALLS(X)
#undef X
		    { .name = VDSO_CLOCK, .anywhere = true },
	};
	KEEP_ERRNO;

	elfsym_next(wanted, CALLS + 1);
	/* ISO C wants a copy, not a cast, of what is a function. */
	for (size_t i = 0; i < CALLS + 1; i++)
		memcpy((char *)&next + i * sizeof(void *), &wanted[i].found,
		    sizeof(void *));
	if (next.clock == NULL)
		next.clock = sys_clock_gettime;
	real_table = next;
	if (atomic_load(&bypassing))
		bypass();
	atomic_store_explicit(&real_resolved, true, memory_order_release);
}

void
real_bypass(void)
{
	atomic_store(&bypassing, true);
	bypass();
}

void *
real_hidden(void *found)
{
	void *of_next, *hook = found;

	for (size_t i = 0; i < CALLS && found != NULL; i++) {
		memcpy(&of_next, (const char *)&next + i * sizeof(void *),
		    sizeof(of_next));
		if (of_next == found)
			memcpy(&hook, (const char *)&hooks + i * sizeof(void *),
			    sizeof(hook));
	}
	return hook;
}
