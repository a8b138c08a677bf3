/* SPDX-License-Identifier: ISC */
/*
 * Wait for the kernel to let go.  Process death alone proves nothing: a
 * socket may live on for a moment in io_uring, or for ever in an unread
 * SCM_RIGHTS message.
 */
#ifndef QUIESCE_H
#define QUIESCE_H

#include "proof/proof.h"

/*
 * Gather evidence about sockets and ports into e, which holds what is known
 * of processes, until nothing is held, a living holder is found, or two
 * seconds are over; return the verdict.  Holders are named.
 */
enum verdict quiesce(struct evidence *e, struct sockdiag *diag,
    const struct terms *t, const struct record *record);

#endif
