/* SPDX-License-Identifier: ISC */
/*
 * The first program of a lease, which no shim was there to look at: the
 * process that becomes it does what the shim does for all later ones.
 */
#ifndef COVERAGE_H
#define COVERAGE_H

#include <stdbool.h>

/*
 * Just before execvp(3) of file: note in the record at this path, as
 * uncovered, a program that the shim cannot enter, and set ASAN_OPTIONS for
 * one that must be told of preloaded libraries.  What fails is left out.
 * With trapped a net lies below us, and covers all but other architectures.
 */
void enter_note_uncovered(const char *record, const char *file, bool trapped);

#endif
