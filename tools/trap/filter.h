/* SPDX-License-Identifier: ISC */
/*
 * The seccomp filter of --trap.  Every descendant inherits it, and it stops
 * bind, connect and listen until the reader of its listener has answered
 * (seccomp_unotify(2)).  Marked calls (sock/bypass.h) and those of other
 * architectures pass.  io_uring_setup is ENOSYS: a ring makes the three calls
 * without a system call.
 */
#ifndef FILTER_H
#define FILTER_H

#include <stdbool.h>

/*
 * In the stub: install the filter for the calling thread, for good, and send
 * its listener through channel, or the errno: EBUSY when another filter with a
 * listener is there already, EINVAL or ENOSYS when the kernel has none.
 * Without CAP_SYS_ADMIN no_new_privs is set first.  -1 with errno when nothing
 * could be sent: the caller is to exit, or the monitor waits for ever.
 */
int filter_install(int channel);

/*
 * In the monitor: what the stub sent.  The listener, which is closed on exec;
 * -1 with errno.  killable is set when only a fatal signal takes a call that
 * has been received away from its answer (Linux 5.19).
 */
int filter_receive(int channel, bool *killable);

#endif
