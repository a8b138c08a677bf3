/* SPDX-License-Identifier: ISC */
/* What a mistyped word is taken for. */
#include "base/suggest.h"

#include <criterion/criterion.h>
#include <string.h>

Test(suggest, counts_the_letters_that_differ)
{
	cr_expect_eq(suggest_distance("", ""), 0);
	cr_expect_eq(suggest_distance("run", "run"), 0);
	cr_expect_eq(suggest_distance("", "run"), 3);
	cr_expect_eq(suggest_distance("rnu", "run"), 2);
	cr_expect_eq(suggest_distance("kitten", "sitting"), 3);
}

Test(suggest, takes_the_nearest_word_or_none)
{
	static const char *const words[] = { "run", "reap", "release", "ps" };
	char longest[512];

	cr_expect_str_eq(suggest("relase", words, 4), "release");
	cr_expect_str_eq(suggest("rap", words, 4), "reap");
	cr_expect_null(suggest("frobnicate", words, 4));
	cr_expect_null(suggest("xy", words, 4));
	memset(longest, 'r', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	cr_expect_null(suggest(longest, words, 4));
}
