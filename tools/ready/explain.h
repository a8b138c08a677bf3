/* SPDX-License-Identifier: ISC */
/* Why a server is not ready, for people. */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include "ready/startup.h"

/* Both are printable, from the heap; NULL with errno. */

/* One line: "asleep for 20 s; not listening: 9926". */
char *explain_reason(const struct startup *s);

/* A line for the verdict, and one for each thing that is known about it. */
char *explain_text(const struct startup *s);

/* The exit status that goes with the verdict. */
int explain_status(const struct startup *s);

#endif
