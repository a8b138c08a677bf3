/* SPDX-License-Identifier: ISC */
/* The end of a text that comes in pieces, and its lines. */
#include "base/tail.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

Test(tail, the_older_part_goes)
{
	struct tail t = { 0 };
	char big[2 * TAIL_SIZE];

	tail_add(&t, "first", 5);
	tail_add(&t, " second", 7);
	cr_expect_str_eq(t.text, "first second");
	memset(big, 'x', sizeof(big));
	tail_add(&t, big, TAIL_SIZE - 1 - 7);
	cr_expect_eq(strncmp(t.text, " second", 7), 0);
	cr_expect_eq(strlen(t.text), TAIL_SIZE - 1);
	big[sizeof(big) - 1] = 'z';
	tail_add(&t, big, sizeof(big));
	cr_expect_eq(strlen(t.text), TAIL_SIZE - 1);
	cr_expect_eq(t.text[0], 'x');
	cr_expect_eq(t.text[TAIL_SIZE - 2], 'z');
}

Test(tail, a_pipe_is_read_until_nothing_more_is_there)
{
	struct tail t = { 0 };
	int ends[2];

	cr_assert_eq(pipe2(ends, O_NONBLOCK), 0);
	cr_expect_not(tail_read(&t, ends[0]));
	cr_assert_eq(write(ends[1], "said", 4), 4);
	cr_expect_not(tail_read(&t, ends[0]));
	close(ends[1]);
	cr_expect(tail_read(&t, ends[0]));
	cr_expect_str_eq(t.text, "said");
	close(ends[0]);
	cr_expect(tail_read(&t, ends[0]), "an error is an end");
}

Test(tail, lines_are_printable_and_never_empty)
{
	struct tail t = { 0 };
	char *at = t.text;

	tail_add(&t, "\none\n\n\033[2Jtwo\n", 15);
	cr_expect_str_eq(tail_line(&at), "one");
	cr_expect_str_eq(tail_line(&at), "?[2Jtwo");
	cr_expect_null(tail_line(&at));
	cr_expect_null(tail_line(&at));
}
