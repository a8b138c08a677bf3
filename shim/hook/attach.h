/* SPDX-License-Identifier: ISC */
/*
 * The lease of this process, found on first use and never changed.
 *
 * PORTLEASE_RECORD names the record by an absolute path; PORTLEASE_TERMS
 * carries the terms beside it, for programs that cannot map the record.  With
 * neither, or in a program that defines and exports portlease_untranslated,
 * there is no lease and every call passes.
 */
#ifndef ATTACH_H
#define ATTACH_H

#include "sock/ctx.h"

#include <limits.h>

/* Entries for the environment of children, "NAME=value"; "" when unknown. */
struct child_env {
	char preload[PATH_MAX]; /* names the shim alone */
	char record[PATH_MAX];
	char terms[TERMS_TEXT];
	char ip[64];
};

/*
 * The lease, or NULL when calls are to pass.  Async-signal-safe, keeps errno.
 */
const struct lease_ctx *lease_ctx(void);

/* A bind failed with ENETDOWN: say, once in a process, that the lease is over.
 */
void attach_say_over(const struct lease_ctx *ctx);

/* What children of a process in a lease get; only where there is a lease. */
const struct child_env *attach_child_env(void);

#endif
