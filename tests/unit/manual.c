/* SPDX-License-Identifier: ISC */
/* The record's layout is the one that portlease(5) tells. */
#include "lease/record.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define PAGE "tools/man/portlease.5"

#define MEMBER(name)                                                           \
	{                                                                      \
#name, offsetof(struct record, name),                          \
		    sizeof(((struct record *)0)->name)                         \
	}

static const struct member {
	const char *name;
	size_t offset;
	size_t size;
} members[] = {
	MEMBER(magic),
	MEMBER(version),
	MEMBER(size),
	MEMBER(terms),
	MEMBER(identity),
	MEMBER(listens),
	MEMBER(listeners),
	MEMBER(counts),
	MEMBER(release),
	MEMBER(images),
	MEMBER(bound),
	MEMBER(connected),
	MEMBER(opens),
	MEMBER(end),
};

/* The page as one string; the test fails when there is none. */
static const char *
page(void)
{
	static char text[64 * 1024];
	FILE *f = fopen(PAGE, "r");

	cr_assert_not_null(f, "%s: run this from the top directory", PAGE);
	(void)fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	return text;
}

Test(manual, tells_where_each_member_of_the_record_is)
{
	const char *text = page();
	char row[64];

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		(void)snprintf(row, sizeof(row), "\n.It Li %s Ta %zu Ta %zu Ta",
		    members[i].name, members[i].offset, members[i].size);
		cr_expect_not_null(
		    strstr(text, row), "%s lacks '%s'", PAGE, row + 1);
	}
	(void)snprintf(row, sizeof(row), "Ta 4 Ta %u\n", RECORD_VERSION);
	cr_expect_not_null(strstr(text, row), "%s: the version", PAGE);
}
