/* SPDX-License-Identifier: ISC */
/* Untrusted bytes, made fit for a terminal and for JSON. */
#ifndef PRINTABLE_H
#define PRINTABLE_H

/*
 * Replaces control characters, those that change the direction of writing,
 * and what is not UTF-8 (RFC 3629) by '?'.
 */
void printable_line(char *line);

/* The same of a copy, cut to 255 bytes; overwritten by the fourth call after
 * this one. */
const char *printable_copy(const char *text);

#endif
