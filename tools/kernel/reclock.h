/* SPDX-License-Identifier: ISC */
/*
 * The monitor of a record, and the processes that ask for the end of its
 * lease, as the kernel knows them.  Every program of a lease can write the
 * record, so no pid in it is believed; but a lock of fcntl(2) on the file
 * names the process that holds it, cannot be taken in another's name, and
 * goes with its holder.
 *
 * Such a lock also goes when its holder closes any descriptor of the file.
 * Ours are read locks, which a read-only descriptor may hold: a descriptor for
 * writing would count as a writer of the record (recmaps.h).
 */
#ifndef RECLOCK_H
#define RECLOCK_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Lock the record as its monitor; the lock of the address (addrlock.h) keeps
 * others from doing so.  0; -1 with errno.
 */
int reclock_take(int fd);

/*
 * Does a living process hold the monitor's lock?  *monitor is its pid, 0 when
 * it has none in our pid namespace.  Any descriptor of the file will do.
 */
bool reclock_monitor(int fd, pid_t *monitor);

/*
 * Lock our byte as a caller of `release`, until fd is closed.  0; -1 with
 * errno: EAGAIN or EACCES when another process has locked it, *holder, 0 when
 * that cannot be seen.
 */
int reclock_ask(int fd, pid_t *holder);

/* Call each() for every other process that holds a caller's lock. */
void reclock_callers(int fd, void (*each)(pid_t pid, void *arg), void *arg);

#endif
