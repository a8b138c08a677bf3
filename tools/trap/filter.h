/* SPDX-License-Identifier: ISC */
/*
 * The net of --trap: a seccomp filter, inherited by every descendant, that
 * stops bind, connect and listen until somebody has answered
 * (seccomp_unotify(2)).  Marked calls (shim/mark.h) and those of other
 * architectures pass.  io_uring_setup is ENOSYS: a ring makes the three calls
 * without a system call.
 */
#ifndef FILTER_H
#define FILTER_H

#include <stdbool.h>

/*
 * Lay the net below the calling thread, for good.  Where that needs it
 * (without CAP_SYS_ADMIN), no_new_privs is set first.  Returns the listener,
 * which is closed on exec; -1 with errno: EBUSY when another net with a
 * listener is there already, EINVAL or ENOSYS when the kernel has none.
 * steady is set when a call that has been received is taken away from its
 * answer by fatal signals only (Linux 5.19).
 */
int filter_install(bool *steady);

#endif
