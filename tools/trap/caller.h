/* SPDX-License-Identifier: ISC */
/*
 * The thread that made a caught call: its sockets, its memory and its image.
 * What is read here counts only when the notification is still valid
 * afterwards: until then the thread id may be another's.
 */
#ifndef CALLER_H
#define CALLER_H

#include "lease/record.h"
#include "sock/procid.h"

/* A duplicate of what the thread has open as fd; -1 with errno. */
int caller_fetch(pid_t tid, int fd);

/* Copy len bytes from address; 0, or the errno of it. */
int caller_read(pid_t tid, uint64_t address, void *to, size_t len);

/*
 * Fill opener with the process of the thread, and write its image into the
 * record when it is not there yet.  opener->pidns is set already.
 */
void caller_identify(pid_t tid, struct record *record, struct procid *opener);

#endif
