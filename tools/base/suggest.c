/* SPDX-License-Identifier: ISC */
/* The distance of Levenshtein, a row of its table at a time. */
#include "base/suggest.h"

#include <string.h>

enum { LONGEST = 32, FAR = 255, NEAR = 2 };

static unsigned int
least(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

unsigned int
suggest_distance(const char *a, const char *b)
{
	unsigned int row[LONGEST + 1], diagonal, above;
	size_t n = strlen(b);

	if (n > LONGEST || strlen(a) > LONGEST)
		return FAR;
	for (unsigned int j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned int i = 1; *a != '\0'; a++, i++) {
		diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			above = row[j];
			row[j] = least(above + 1, row[j - 1] + 1,
			    diagonal + (*a != b[j - 1]));
			diagonal = above;
		}
	}
	return row[n];
}

const char *
suggest(const char *word, const char *const words[], size_t n)
{
	unsigned int best = NEAR + 1, distance;
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		distance = suggest_distance(word, words[i]);
		if (distance < best && distance < strlen(words[i])) {
			best = distance;
			found = words[i];
		}
	}
	return found;
}
