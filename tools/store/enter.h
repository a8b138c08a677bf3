/* SPDX-License-Identifier: ISC */
/* The environment of a program in a lease. */
#ifndef ENTER_H
#define ENTER_H

#include "base/ipc.h"

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

#endif
