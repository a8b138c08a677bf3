/* SPDX-License-Identifier: ISC */
/* CLOCK_MONOTONIC in milliseconds: what deadlines are counted in. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

int64_t clock_ms(void);

/* Wait for so many milliseconds, or until a signal is handled.  Where an event
 * tells, wait for that instead. */
void clock_sleep(int64_t ms);

#endif
