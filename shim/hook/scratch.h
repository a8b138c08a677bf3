/* SPDX-License-Identifier: ISC */
/*
 * Memory for one call of the exec family: for what does not fit on a small
 * stack, an environment above all.
 *
 * It comes from the kernel and is kept for the next call.  A vfork child that
 * becomes another program cannot give it back; there the kernel does so, as it
 * marks the end of a thread (CLONE_CHILD_CLEARTID, clone(2)).
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <stddef.h>

/* At least n bytes, aligned for anything; NULL with ENOMEM. */
void *scratch_take(size_t n);

/* The exec has failed, or there was none.  Keeps errno. */
void scratch_give(void *at);

#endif
