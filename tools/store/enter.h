/* SPDX-License-Identifier: ISC */
/* What a process does to be the first program of a lease. */
#ifndef ENTER_H
#define ENTER_H

#include "base/ipc.h"

#include <stdbool.h>

/*
 * Find libportlease.so: beside the program, as in a build directory, else
 * in ../lib/portlease from there, as installed.  0; -1 with errno, ENOENT or
 * EINVAL: ld.so(8) cannot preload a path with a space or a colon.
 */
int enter_shim(char *path, size_t size);

/*
 * Set LD_PRELOAD, keeping what was there behind the shim, and the variables
 * of the lease in our own environment.  0; -1 with errno.
 */
int enter_lease(const struct ipc_start *go);

/*
 * Just before execvp(3) of file: note in the record at this path, as
 * uncovered, a program that the shim cannot enter, and set ASAN_OPTIONS for
 * one that must be told of preloaded libraries.  What fails is left out.
 * trapped: a filter of --trap is below us, which covers all but programs of
 * other architectures.
 */
void enter_note_uncovered(const char *record, const char *file, bool trapped);

#endif
