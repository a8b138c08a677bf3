/* SPDX-License-Identifier: ISC */
/*
 * The table of options: its names, the commands that take it, the kind of its
 * value, and the field of struct options where the value goes.
 */
#ifndef OPTROWS_H
#define OPTROWS_H

#include <stdbool.h>
#include <stddef.h>

enum optkind {
	HEADING, /* no option, but the name of those that follow */
	HELP,
	FLAG, /* no argument */
	CHOICE, /* a word of the metavar; its index is the value */
	DURATION,
	LIMIT, /* a duration, or a bare 0 */
	SIGNAL,
	NUMBER, /* from 0 */
	STATUS, /* from 1 to 255 */
	PORTS,
	ADDRESS,
	LEASE, /* an address, or the name of a lease */
	NAME,
	TEXT, /* not empty, and not cut */
	FILE_PATH /* made absolute */
};

struct optrow {
	const char *name;
	char letter;
	const char *metavar; /* NULL: takes no argument */
	unsigned int commands;
	enum optkind kind;
	size_t offset, size; /* of the field */
	const char *help;
	const char *expected; /* what a bad argument should have been */
};

enum { OPTROWS_MAX = 64 };
extern const struct optrow optrows[];
extern const int optrows_n; /* at most OPTROWS_MAX */

#endif
