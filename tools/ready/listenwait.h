/* SPDX-License-Identifier: ISC */
/*
 * Waits for listen(2) in a lease.  A futex has no descriptor that poll(2) could
 * wait for, so a thread waits for that of the record and writes an eventfd.
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
 * A descriptor that turns readable when a process may have begun to listen,
 * and once at the start.
 */
int listenwait_fd(const struct listenwait *w);

/* Make the descriptor unreadable; look for listeners after that. */
void listenwait_take(struct listenwait *w);

void listenwait_end(struct listenwait *w); /* NULL is no error */

#endif
