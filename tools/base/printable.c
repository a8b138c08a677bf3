/* SPDX-License-Identifier: ISC */
/* A terminal obeys control characters, and JSON takes UTF-8 alone. */
#include "base/printable.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* RFC 3629: first byte -> length, and the bounds of the second byte. */
static const struct utf8 {
	unsigned char first, last, low, high;
	size_t len;
} utf8[] = {
	{ 0x20, 0x7e, 0, 0, 1 },
	{ 0xc2, 0xc2, 0xa0, 0xbf, 2 }, /* below are the C1 controls */
	{ 0xc3, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 }, /* above are the surrogates */
	{ 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

/* U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069: marks of direction. */
static bool
changes_direction(const unsigned char *text)
{
	if (text[0] != 0xe2)
		return false;
	if (text[1] == 0x80)
		return text[2] == 0x8e || text[2] == 0x8f ||
		       (text[2] >= 0xaa && text[2] <= 0xae);
	return text[1] == 0x81 && text[2] >= 0xa6 && text[2] <= 0xa9;
}

/* The length of the printable character that text begins with, or 0. */
static size_t
character(const unsigned char *text)
{
	const struct utf8 *row = utf8;
	size_t i;

	while (text[0] < row->first || text[0] > row->last)
		if (++row == utf8 + sizeof(utf8) / sizeof(*utf8))
			return 0;
	if (row->len > 1 && (text[1] < row->low || text[1] > row->high))
		return 0;
	for (i = 2; i < row->len; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return changes_direction(text) ? 0 : row->len;
}

void
printable_line(char *line)
{
	unsigned char *at = (unsigned char *)line;
	size_t len;

	for (; *at != '\0'; at += len) {
		len = character(at);
		if (len == 0) {
			*at = '?';
			len = 1;
		}
	}
}

const char *
printable_copy(const char *text)
{
	static char copies[4][256];
	static size_t next;
	char *copy = copies[next++ % 4];

	if (strlcpy(copy, text, sizeof(*copies)) >= sizeof(*copies))
		memcpy(copy + sizeof(*copies) - 4, "...", 4);
	printable_line(copy);
	return copy;
}
