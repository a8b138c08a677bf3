/* SPDX-License-Identifier: ISC */
/*
 * The lease that calls are made for: of this process in the shim, of another
 * one in the monitor.  All modules of sock/ take it first.
 */
#ifndef CTX_H
#define CTX_H

#include "lease/record.h"
#include "sock/procid.h"

struct lease_ctx {
	struct terms terms; /* a private copy, validated */
	struct record *record; /* NULL: sockets are moved but not recorded */
	struct procid *self; /* NULL exactly when record is */
};

#endif
