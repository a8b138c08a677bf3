/* SPDX-License-Identifier: ISC */
/*
 * When each slice was last released, and how: one small file per network
 * namespace in the state directory, mapped by all monitors of the user.  It
 * makes the choice of a slice fair; it is never trusted for more: a lost or
 * forged one costs time, not exclusivity.
 */
#ifndef HISTORY_H
#define HISTORY_H

#include "store/statedir.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct history;

/* NULL when it cannot be had; every function below takes that. */
struct history *history_open(const struct statedir *dir, uint64_t netns);
void history_close(struct history *h);

/* Note that a slice is taken, or was released. */
void history_note(struct history *h, size_t slice, bool clean);

/*
 * Among the slices not marked in tried (a byte a slice), looking from `from`
 * on: the first that was released CLEAN some seconds ago, since it is likely
 * to be free; else the one used longest ago; POOL_SLICES when all are marked.
 */
size_t history_oldest(
    const struct history *h, const unsigned char *tried, size_t from);

#endif
