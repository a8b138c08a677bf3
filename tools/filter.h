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

/*
 * Lay the net below the calling thread, for good.  Where that needs it
 * (without CAP_SYS_ADMIN), no_new_privs is set first.  Returns the listener,
 * which is closed on exec; -1 with errno: EBUSY when another net with a
 * listener is there already, EINVAL or ENOSYS when the kernel has none.
 */
int filter_lay(void);

#endif
