/* SPDX-License-Identifier: ISC */
/*
 * Named points at which a test build (-DFAULTS) can make things go wrong; in
 * any other build they are nothing.  PORTLEASE_FAULT=POINT:KIND:FILE arms one
 * of them, for one time: FILE is created when it goes off, and an armed point
 * whose FILE exists does nothing.
 */
#ifndef FAULT_H
#define FAULT_H

#ifdef FAULTS

#include <stdbool.h>
#include <stddef.h>

struct fault_point {
	const char *name;
	bool fails; /* a call is made there: errors make sense, too */
};

extern const struct fault_point fault_points[];
extern const size_t fault_npoints;

/* "kill" first, then the names of errors. */
extern const char *const fault_kinds[];
extern const size_t fault_nkinds;

/*
 * 0; -1 with errno, as if the call at this point had failed so; or no return,
 * by SIGKILL.
 */
int fault(const char *point);

/* For a monitor that starts over with an empty environment. */
void fault_environment(char *env[static 2]);

#else

static inline int
fault(const char *point)
{
	(void)point;
	return 0;
}

static inline void
fault_environment(char *env[static 2])
{
	env[0] = (char *)0;
}

#endif

#endif
