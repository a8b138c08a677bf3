/* SPDX-License-Identifier: ISC */
/* Why a server is not ready, for people. */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include "ready/startup.h"

enum { EXPLAIN_REASON = 512 };

/* One line without a newline: "asleep for 20 s; not listening: 9926". */
void explain_reason(const struct startup *b, char text[static EXPLAIN_REASON]);

/* The verdict with all that is known about it on stderr. */
void explain_print(const struct startup *b, const char *ip);

/* The exit status that goes with the verdict. */
int explain_status(const struct startup *b);

#endif
