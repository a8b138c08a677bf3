/* SPDX-License-Identifier: ISC */
/*
 * The monitor: the ancestor of all that runs in the lease, and the only one
 * that frees it.  It survives its front, runs one event loop, and wakes only
 * for events.
 */
#ifndef MONITOR_H
#define MONITOR_H

/*
 * The life of a monitor that spawn.h executed again: its descriptors are those
 * of ipc.h.  Returns the exit status.
 */
int monitor_main(void);

#endif
