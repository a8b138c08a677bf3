/* SPDX-License-Identifier: ISC */
/*
 * Waits for listen(2) in a lease: a thread holds the record's futex, so that
 * a loop can poll(2) for it.  A futex has no descriptor of its own.
 */
#ifndef LISTENWAIT_H
#define LISTENWAIT_H

#include "lease/record.h"

struct listenwait; /* from the heap */

/*
 * NULL with errno.  record is mapped for writing, and stays so until
 * listenwait_end.  The thread inherits the caller's mask of signals.
 */
struct listenwait *listenwait_begin(struct record *record);

/*
 * A descriptor that turns readable when somebody may have begun to listen,
 * and once at the start.
 */
int listenwait_fd(const struct listenwait *w);

/* Look for listeners after this: it makes the descriptor unreadable. */
void listenwait_take(struct listenwait *w);

void listenwait_end(struct listenwait *w); /* NULL is no error */

#endif
