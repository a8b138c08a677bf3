/* SPDX-License-Identifier: ISC */
/* Rows of bytes, and what is shown of them. */
#include "base/printable.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(printable, what_a_terminal_would_obey_is_replaced)
{
	static const struct row {
		const char *raw, *fit;
	} rows[] = {
		{ "", "" }, { "node worker.js", "node worker.js" },
		{ "a\tb\nc\033]0;x\007", "a?b?c?]0;x?" }, { "\x7f", "?" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xe2\x82\xac \xf0\x9f\x98\x80",
		    "\xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "\xc2\x9b", "??" }, /* CSI */
		{ "\xc0\xaf", "??" }, /* overlong */
		{ "\xed\xa0\x80", "???" }, /* surrogate */
		{ "\xf4\x90\x80\x80", "????" }, /* beyond Unicode */
		{ "\xc3", "?" }, /* cut short */
		{ "\xe2\x82", "??" }, { "\xe2\x82z", "??z" },
		{ "\xff\xfe", "??" },
		{ "a\xe2\x80\xae"
		  "b",
		    "a???b" }, /* right to left */
		{ "\xe2\x81\xa6", "???" },
		{ "\xe2\x80\xa6", "\xe2\x80\xa6" }, /* an ellipsis */
	};
	char *line;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		line = strdup(rows[i].raw);
		printable_line(line);
		cr_expect_str_eq(line, rows[i].fit);
		free(line);
	}
}

Test(printable, a_copy_is_cut)
{
	char text[300];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	cr_expect_eq(strlen(printable_copy(text)), 255);
	cr_expect_str_eq(printable_copy(text) + 250, "xx...");
	cr_expect_str_eq(printable_copy("a\nb"), "a?b");
}
