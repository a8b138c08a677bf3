/* SPDX-License-Identifier: ISC */
/*
 * A program of the lease may truncate the record while we have it mapped; the
 * next access to a page that is gone raises SIGBUS, see mmap(2).  With this
 * handler the page reads as zeros instead, and record_valid fails from then on.
 */
#ifndef SIGBUS_H
#define SIGBUS_H

/* For the rest of the process.  SIGBUS must not be blocked: then it kills. */
void sigbus_install(void);

#endif
