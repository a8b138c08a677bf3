/* SPDX-License-Identifier: ISC */
/* Who holds a lease, for those who come after the monitor. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "wire.h"

/* In the monitor: make record a record, in this network namespace. */
void identity_write(
    struct record *record, const struct request *r, uint64_t netns);

#endif
