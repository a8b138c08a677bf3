/* SPDX-License-Identifier: ISC */
/*
 * See alike.h.
 */
#include "alike.h"

#include <criterion/criterion.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 2048, SHOWN = 12 };

/* The next line into the buffer; where the one after it begins, or NULL. */
static const char *
next_line(const char *text, char line[LINE])
{
	size_t n = strcspn(text, "\n");

	cr_assert_lt(n, LINE);
	memcpy(line, text, n);
	line[n] = '\0';
	return text[n] == '\n' && text[n + 1] != '\0' ? text + n + 1 : NULL;
}

/* Puts one text in place of another, everywhere. */
static void
put(char line[LINE], const char *from, const char *to)
{
	char copy[LINE], *out = line, *at = copy;
	const char *found;

	memcpy(copy, line, strlen(line) + 1);
	while ((found = strstr(at, from)) != NULL) {
		cr_assert_lt(strlen(line) + strlen(to), LINE - 1);
		out += sprintf(out, "%.*s%s", (int)(found - at), at, to);
		at += (size_t)(found - at) + strlen(from);
	}
	(void)memcpy(out, at, strlen(at) + 1);
}

static bool
applies(const struct known *k, const char *section, const char *line)
{
	return (k->section == NULL || fnmatch(k->section, section, 0) == 0) &&
	       fnmatch(k->line, line, 0) == 0;
}

/* What both lines must have in common for the rest not to matter. */
static bool
same_start(const char *a, const char *b)
{
	const char *colon = strstr(a, ": ");
	size_t n = colon != NULL ? (size_t)(colon - a) : strlen(a);

	return strncmp(a, b, n) == 0;
}

static bool
is_known(const struct known *known, size_t n, const char *section,
    const char *native, const char *leased)
{
	char mine[LINE], theirs[LINE];

	memcpy(mine, native, strlen(native) + 1);
	memcpy(theirs, leased, strlen(leased) + 1);
	for (size_t i = 0; i < n; i++) {
		if (!applies(&known[i], section, native))
			continue;
		if (known[i].natively == NULL)
			return same_start(native, leased);
		put(mine, known[i].natively, known[i].leased);
		put(theirs, known[i].natively, known[i].leased);
	}
	return strcmp(mine, theirs) == 0;
}

void
alike_compare(
    const char *native, const char *leased, const struct known *known, size_t n)
{
	char section[LINE] = "", mine[LINE], theirs[LINE], *said;
	unsigned int differences = 0;
	size_t size;
	FILE *f = open_memstream(&said, &size);

	while (native != NULL && leased != NULL) {
		native = next_line(native, mine);
		leased = next_line(leased, theirs);
		if (mine[0] != ' ')
			memcpy(section, mine, strlen(mine) + 1);
		if (strcmp(mine, theirs) == 0 ||
		    is_known(known, n, section, mine, theirs))
			continue;
		if (++differences <= SHOWN)
			(void)fprintf(f, "%s\n  natively: %s\n  leased:   %s\n",
			    mine[0] == ' ' ? section : "", mine, theirs);
	}
	(void)fclose(f);
	cr_expect_null(native, "more natively: %s", native);
	cr_expect_null(leased, "more in the lease: %s", leased);
	cr_assert_eq(differences, 0, "%u differences\n%s", differences, said);
	free(said);
}
