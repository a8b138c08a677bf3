/* SPDX-License-Identifier: ISC */
/* Why a server is not ready, for people. */
#ifndef UNREADY_H
#define UNREADY_H

#include "ready/startup.h"

enum { UNREADY_REASON = 512 };

/* One line without a newline: "asleep for 20 s; not listening: 9926". */
void unready_reason(const struct boot *b, char text[static UNREADY_REASON]);

/* The verdict with all that is known about it on stderr. */
void unready_print(const struct boot *b, const char *ip);

/* The exit status that goes with the verdict. */
int unready_status(const struct boot *b);

#endif
