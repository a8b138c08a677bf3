/* SPDX-License-Identifier: ISC */
/* CLOCK_MONOTONIC in milliseconds: what deadlines are counted in. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

int64_t clock_ms(void);

#endif
