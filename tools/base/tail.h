/* SPDX-License-Identifier: ISC */
/* The end of what a child says: the older part goes when there is no room. */
#ifndef TAIL_H
#define TAIL_H

#include <stdbool.h>
#include <stddef.h>

enum { TAIL_SIZE = 512 };

struct tail {
	char text[TAIL_SIZE]; /* ends with a NUL */
	size_t len;
};

void tail_add(struct tail *t, const char *text, size_t n);

/*
 * Add what can be read from fd, which must not block.  True at its end, or on
 * an error; false when more may come.  At most 64 KiB are read in one call, so
 * that a child that writes without end cannot keep the caller here.
 */
bool tail_read(struct tail *t, int fd);

/*
 * Cut the next line that is not empty off *at (a copy of the text), and make
 * it printable.  NULL when there is none left.
 */
char *tail_line(char **at);

#endif
