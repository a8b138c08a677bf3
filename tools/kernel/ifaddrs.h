/* SPDX-License-Identifier: ISC */
/* The addresses of the host's own interfaces, for the terms. */
#ifndef IFADDRS_H
#define IFADDRS_H

#include "lease/slice.h"

/* Fill t->own, loopback left out; what does not fit is left out, too. */
void ifaddrs_fill(struct terms *t);

#endif
