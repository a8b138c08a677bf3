/* SPDX-License-Identifier: ISC */
/*
 * Lines on stderr.  Those of a monitor also go into the record's report, from
 * where `portlease release` prints them when the monitor has no stderr.
 *
 * A message never waits for more than a second on a reader of stderr: when
 * stderr took nothing for that long, what it has no room for is dropped from
 * then on.  It is shared with the command, so it is not made non-blocking.
 */
#ifndef MSG_H
#define MSG_H

#include "lease/record.h"

#include <stddef.h>

/* One line, without "portlease: " and its end, on stderr and in the report. */
void msg(struct record *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same on stderr alone. */
void msg_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* These bytes as they are, at once. */
void msg_raw(const char *text, size_t len);

/* Keep lines from stderr, until msg_flush() writes them there. */
void msg_hold(void);
void msg_flush(void);

#endif
