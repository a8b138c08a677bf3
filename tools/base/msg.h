/* SPDX-License-Identifier: ISC */
/*
 * What a monitor tells: a line on stderr, and the same line in the record,
 * from where `portlease release` prints it for a monitor without a stderr.
 *
 * Nobody is waited for who does not read: when stderr takes nothing for a
 * second, what it has no room for is dropped from then on.  It is shared with
 * the command, so it is not made non-blocking for that.
 */
#ifndef MSG_H
#define MSG_H

#include "lease/record.h"

#include <stddef.h>

/* One line, without its end; "portlease: " is put before it on stderr. */
void msg(struct record *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same, on stderr alone. */
void msg_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Just these bytes, at once. */
void msg_raw(const char *text, size_t len);

/* Keep lines from stderr, until msg_flush() writes them there. */
void msg_hold(void);
void msg_flush(void);

#endif
