/* SPDX-License-Identifier: ISC */
/* Words of a text, as sh(1) splits them but without expansions. */
#ifndef WORDS_H
#define WORDS_H

#include <stddef.h>

/*
 * Split text in place: blanks and newlines separate words, '...' and "..." keep
 * them, \ takes the next byte as it is (but within '...').  Writes at most
 * most - 1 words and a NULL; returns how many, or -1 with errno: EINVAL for a
 * quote that is not closed, E2BIG for too many.
 */
int words_split(char *text, char *words[], size_t most);

#endif
