/* SPDX-License-Identifier: ISC */
/*
 * Records whose monitor is lost.  The next lease of the same user has them
 * finished, by a process that it does not wait for.
 */
#ifndef ORPHANS_H
#define ORPHANS_H

#include "base/options.h"

/*
 * If a lease of ours from before then (clock_ms), other than at the address
 * that o adopts, has lost its monitor, and we are in no lease ourselves, start
 * a detached `portlease reap` that asks with o->sig and waits o->grace; else do
 * nothing.  It is no child of the caller, keeps none of its descriptors, and
 * needs no reader.
 */
void orphans_finish(const struct options *o, int64_t then);

#endif
