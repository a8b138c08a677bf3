/* SPDX-License-Identifier: ISC */
/* The addresses of the host's own interfaces, for the terms. */
#ifndef IFADDRS_H
#define IFADDRS_H

#include "lease/slice.h"

/* Fill t->own with those that are not loopback, as many as fit. */
void ifaddrs_fill(struct terms *t);

#endif
