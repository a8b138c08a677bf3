/* SPDX-License-Identifier: ISC */
/*
 * The monitor: the ancestor of all that runs in the lease, and the only one
 * that frees it.  It survives its front, runs one event loop, and wakes only
 * for events.
 */
#ifndef MONITOR_H
#define MONITOR_H

/*
 * The life of a monitor that front.h re-executed: its descriptors are those
 * of wire.h.  Returns the exit status.
 */
int monitor_main(void);

#endif
