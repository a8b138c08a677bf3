/* SPDX-License-Identifier: ISC */
/* How the sockets that `who` found are told. */
#ifndef WHO_PRINT_H
#define WHO_PRINT_H

#include "why/look.h"

/* For people. */
void who_text(const struct look *look);

/* For programs: one object, portlease(5). */
void who_json(const struct look *look);

/* The age of a moment of CLOCK_MONOTONIC in nanoseconds, in seconds. */
double who_age(uint64_t when);

/* "user 1000".  Valid until the next call. */
const char *who_user(uid_t uid);

#endif
