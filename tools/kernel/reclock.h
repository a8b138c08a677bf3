/* SPDX-License-Identifier: ISC */
/*
 * Whom the kernel calls the monitor of a record, and who asked for its end.
 * Every program of a lease can write the record, so no pid in it is believed;
 * but a lock of fcntl(2) on the file names the process that holds it, cannot
 * be taken in another's name, and goes with its holder.
 *
 * Such locks go, too, when their holder closes any descriptor of the file.
 */
#ifndef RECLOCK_H
#define RECLOCK_H

#include <stdbool.h>
#include <sys/types.h>

/* Be the monitor of this record.  0; -1 with errno: EAGAIN there is one. */
int reclock_take(int fd);

/*
 * Is there a living one?  *monitor is its pid, 0 when it has none in our pid
 * namespace.  Any descriptor of the file will do.
 */
bool reclock_monitor(int fd, pid_t *monitor);

/*
 * Be one who asks for the end, until fd is closed.  0; -1 with errno: EAGAIN
 * or EACCES when *holder, 0 when it cannot be seen, has locked the place.
 */
int reclock_ask(int fd, pid_t *holder);

/* Call each for everybody else who asks, and for who looks the same. */
void reclock_callers(int fd, void (*each)(pid_t pid, void *arg), void *arg);

#endif
