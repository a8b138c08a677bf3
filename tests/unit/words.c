/* SPDX-License-Identifier: ISC */
/* How PORTLEASE_OPTIONS is split. */
#include "base/words.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static void
expect(const char *line, const char *joined)
{
	char text[128], got[128] = "", *words[8];

	(void)strlcpy(text, line, sizeof(text));
	cr_assert_geq(words_split(text, words, 8), 0, "%s", line);
	for (char **w = words; *w != NULL; w++) {
		(void)strlcat(got, *w, sizeof(got));
		(void)strlcat(got, "|", sizeof(got));
	}
	cr_expect_str_eq(got, joined, "%s: %s", line, got);
}

Test(words, are_split_at_blanks_and_kept_by_quotes)
{
	expect("", "");
	expect(" \t\n", "");
	expect("-v", "-v|");
	expect("  -g 5s\t-v\n", "-g|5s|-v|");
	expect(
	    "--ready-cmd 'curl -f \"x\"' -v", "--ready-cmd|curl -f \"x\"|-v|");
	expect("\"a b\"c 'd'", "a bc|d|");
	expect("'' x", "|x|");
	expect("a\\ b \\'", "a b|'|");
	expect("'a\\'", "a\\|");
	expect("\"a\\\"b\"", "a\"b|");
	expect("a\\", "a\\|");
}

Test(words, what_cannot_be_split_is_refused)
{
	char open[] = "-v 'x", quote[] = "\"", many[] = "a b c d", *words[4];

	cr_expect_eq(words_split(open, words, 4), -1);
	cr_expect_eq(errno, EINVAL);
	cr_expect_eq(words_split(quote, words, 4), -1);
	cr_expect_eq(words_split(many, words, 4), -1);
	cr_expect_eq(errno, E2BIG);
}
