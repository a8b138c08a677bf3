/* SPDX-License-Identifier: ISC */
/* Who holds a lease, for those who come after the monitor. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "base/ipc.h"
#include "kernel/procfs.h"

/* In the monitor: make record a record, in this network namespace. */
void identity_write(
    struct record *record, const struct ipc_request *r, uint64_t netns);

/*
 * Is it from another boot than this one (procfs_boot_id, "" unknown)?  Then
 * its pids, times and cookies are nobody's, whoever may have them now.
 */
bool identity_past(
    const struct identity *id, const char boot[static PROCFS_BOOT_ID]);

#endif
