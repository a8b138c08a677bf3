/* SPDX-License-Identifier: ISC */
/* Which system calls can fail, and with what. */
#ifndef CALLS_H
#define CALLS_H

enum { CALLS_ERRORS = 4 };

/* The names of the errors of a call, then NULL; an empty list when it cannot
 * fail for want of something, or is not known. */
const char *const *calls_errors(const char *call);

#endif
