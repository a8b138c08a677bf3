/* SPDX-License-Identifier: ISC */
/*
 * The lock of a lease's name is a socket, as that of its address is: a unix
 * socket in the abstract namespace (unix(7)), one for each user and name.  The
 * kernel scopes it to the network namespace and releases it when its holder
 * dies.
 */
#ifndef NAMELOCK_H
#define NAMELOCK_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Take the lock of our user's name: a descriptor, O_CLOEXEC.  Its number is
 * high: descriptors are closed in their order when a process dies, and that of
 * the address has to go first.  -1 with EADDRINUSE.
 */
int namelock_take(const char *name);

/*
 * Connect to the holder of the lock: the descriptor hangs up when the holder
 * lets it go.  *pid and *user are the holder's.  -1 with errno: ECONNREFUSED
 * when nobody has it.
 */
int namelock_watch(const char *name, pid_t *pid, uid_t *user);

#endif
