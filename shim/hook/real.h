/* SPDX-License-Identifier: ISC */
/*
 * What a file of hooks needs: the real calls, and EXPORT for its own.
 */
#ifndef REAL_H
#define REAL_H

#include "sock/libc.h"

/* What the shared object shows to the program. */
#define EXPORT __attribute__((visibility("default")))

/*
 * From now on the real bind, connect and listen are those of sock/bypass.h,
 * which a seccomp filter of --trap lets pass.
 */
void real_bypass(void);

/*
 * The shim's own call where found is libc's that it hides, else found.  Where
 * a third library lies between the two, found may be what that one calls, and
 * is left alone.
 */
void *real_hidden(void *found);

#endif
