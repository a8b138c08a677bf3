/* SPDX-License-Identifier: ISC */
/*
 * What a monitor tells: a line on stderr, and the same line in the record,
 * from where `portlease release` prints it for a monitor without a stderr.
 */
#ifndef TELL_H
#define TELL_H

#include "../shim/record.h"

/* One line, without its end; "portlease: " is put before it on stderr. */
void tell(struct record *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
