/* SPDX-License-Identifier: ISC */
/*
 * The ports on which a listener of this lease is: nobody else can be in its
 * slice, and elsewhere the record's cookies tell.
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
