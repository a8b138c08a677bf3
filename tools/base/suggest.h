/* SPDX-License-Identifier: ISC */
/* What a mistyped word may have been meant to be. */
#ifndef SUGGEST_H
#define SUGGEST_H

#include <stddef.h>

/* How many letters have to be put in, left out or changed; at most 255. */
unsigned int suggest_distance(const char *a, const char *b);

/* The nearest of n words, in two changes at most; NULL when there is none. */
const char *suggest(const char *word, const char *const words[], size_t n);

#endif
