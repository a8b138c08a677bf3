/* SPDX-License-Identifier: ISC */
/*
 * Compares what a guest says natively and in a lease, line by line.
 */
#ifndef ALIKE_H
#define ALIKE_H

#include <stddef.h>

/*
 * A difference that the design makes.  Where the section and the native line
 * match these patterns (fnmatch(3)), the texts mean the same: `leased` is put
 * in place of `natively` in both lines before they are compared.  Without
 * them the rest of the line, after its first colon and blank, may be anything.
 */
struct known {
	const char *section; /* NULL: any */
	const char *line;
	const char *natively;
	const char *leased;
};

/*
 * Fails, with the first few of them, when there are other differences.  A
 * line that does not begin with a blank begins a section.
 */
void alike_compare(const char *native, const char *leased,
    const struct known *known, size_t n);

#endif
