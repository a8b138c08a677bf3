/* SPDX-License-Identifier: ISC */
/*
 * The ports on which this lease listens.  No other process can be in its slice;
 * elsewhere the cookies of the record show whose a listener is.
 */
#ifndef LISTENERS_H
#define LISTENERS_H

#include "base/portset.h"
#include "kernel/sockdiag.h"
#include "lease/record.h"

/* Add them to up.  0; -1 with errno as sockdiag_tcp_listening. */
int listeners_find(struct sockdiag *diag, const struct terms *t,
    const struct record *record, struct portset *up);

/* Is this listener the lease's? */
bool listeners_counts(const struct terms *t, const struct record *record,
    const struct sockdiag_socket *socket);

#endif
