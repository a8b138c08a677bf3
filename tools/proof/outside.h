/* SPDX-License-Identifier: ISC */
/*
 * Sockets that processes of a lease have on a declared port outside it: of
 * programs that the shim is not in, or that bypass it.
 */
#ifndef OUTSIDE_H
#define OUTSIDE_H

#include "kernel/holders.h"
#include "kernel/procfs.h"
#include "kernel/sockdiag.h"
#include "lease/terms.h"

enum { OUTSIDE = 16 };

struct outsider {
	struct sockdiag_socket socket; /* a listener, or of UDP */
	struct holder holder;
};

struct outside {
	size_t n;
	size_t more; /* that did not fit */
	struct outsider list[OUTSIDE];
};

/* Note what these processes have there now; each socket once. */
void outside_note(struct outside *o, struct sockdiag *diag,
    const struct terms *t, const struct procfs_stat *list, size_t n);

/* The same for our descendants. */
void outside_note_tree(
    struct outside *o, struct sockdiag *diag, const struct terms *t);

#endif
