/* SPDX-License-Identifier: ISC */
/*
 * How the processes of a run come to be: caller --- front --- monitor ---
 * command.
 *
 * The monitor forks the command before there is a lease, as a stub, and only
 * then calls setsid(2): a process that has left a session can never come back
 * to the foreground group of its terminal, and the command must be there if
 * the caller is.  The stub waits on a socket for struct ipc_start, takes the
 * variables of the lease from it, and executes the command.
 *
 * The monitor itself starts over: it executes this program again, with an
 * empty environment, /dev/null on 0 and 1, and nothing else open but stderr and
 * the descriptors of ipc.h.  So it keeps no pipe of the caller's open, and no
 * variable makes it look like a part of this lease or of one around it.  Its
 * children and its being a subreaper survive execve(2).
 */
#ifndef SPAWN_H
#define SPAWN_H

#include "base/ipc.h"

/*
 * Fork the monitor, and the command argv with it unless that is NULL.  fds has
 * the caller's FD_STATE, FD_STATUS and FD_STATUS_FILE, -1 none.  Blocks the
 * signals that the front passes on.  Returns the front's end of the control
 * socket, and the monitor's pid; or one line on stderr, and exit 125.
 */
int spawn_monitor(
    struct ipc_request *r, int fds[static FD_END], char *argv[], pid_t *pid);

#endif
