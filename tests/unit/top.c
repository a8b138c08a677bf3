/* SPDX-License-Identifier: ISC */
/* Below /tmp; each test is a process, so that one path is enough. */
#include "top.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

char top[64];

void
top_make(void)
{
	(void)snprintf(top, sizeof(top), "/tmp/portlease-unit-XXXXXX");
	cr_assert_not_null(mkdtemp(top));
	cr_assert_eq(setenv("PORTLEASE_DIR", top, 1), 0);
}

void
top_remove(void)
{
	char command[96];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", top);
	cr_expect_eq(system(command), 0);
}
