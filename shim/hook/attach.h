/* SPDX-License-Identifier: ISC */
/*
 * This process's part in a lease, found on first use and never changed.
 *
 * PORTLEASE_RECORD names the record by an absolute path; PORTLEASE_TERMS
 * carries the terms beside it, for programs that cannot map the record.  With
 * neither, or in a program that defines and exports portlease_untranslated,
 * there is no attachment and every call passes.
 */
#ifndef ATTACH_H
#define ATTACH_H

#include "lease/record.h"
#include "sock/procid.h"

#include <limits.h>

/* Entries for the environment of children, "NAME=value"; "" when unknown. */
struct child_env {
	char preload[PATH_MAX]; /* names the shim alone */
	char record[PATH_MAX];
	char terms[TERMS_TEXT];
	char ip[64];
};

struct lease_ctx {
	struct terms terms; /* a private copy, validated */
	struct record *record; /* NULL: sockets are moved but not recorded */
	struct procid *self; /* NULL exactly when record is */
	struct child_env heritage;
};

/*
 * The attachment, or NULL when calls are to pass.  Async-signal-safe, keeps
 * errno.
 */
const struct lease_ctx *lease_ctx(void);

#endif
