/* SPDX-License-Identifier: ISC */
/*
 * Waits for listen(2) in a lease: a thread holds the record's futex, so that
 * a loop can poll(2) for it.  A futex has no descriptor of its own.
 */
#ifndef WAITER_H
#define WAITER_H

#include "lease/record.h"

struct waiter; /* from the heap */

/*
 * NULL with errno.  record is mapped for writing, and stays so until
 * waiter_end.  The thread inherits the caller's mask of signals.
 */
struct waiter *waiter_begin(struct record *record);

/*
 * A descriptor that turns readable when somebody may have begun to listen,
 * and once at the start.
 */
int waiter_fd(const struct waiter *w);

/* Look for listeners after this: it makes the descriptor unreadable. */
void waiter_take(struct waiter *w);

void waiter_end(struct waiter *w); /* NULL is no error */

#endif
