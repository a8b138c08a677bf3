/* SPDX-License-Identifier: ISC */
/*
 * The manual tells the layout of the record as it is, and every option that
 * --help lists.
 */
#include "lease/record.h"
#include "why/rules.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define PAGE "tools/man/portlease.%d"

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
	MEMBER(waiters),
	MEMBER(over),
	MEMBER(counts),
	MEMBER(release),
	MEMBER(images),
	MEMBER(bound),
	MEMBER(connected),
	MEMBER(events),
	MEMBER(end),
};

/* A page of the manual as one string; the test fails when there is none. */
static const char *
page(int section)
{
	static char text[64 * 1024];
	char path[64];
	FILE *f;

	(void)snprintf(path, sizeof(path), PAGE, section);
	f = fopen(path, "r");
	cr_assert_not_null(f, "%s: run this from the top directory", path);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

Test(manual, tells_where_each_member_of_the_record_is)
{
	const char *text = page(5);
	char row[64];

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		(void)snprintf(row, sizeof(row), "\n.It Li %s Ta %zu Ta %zu Ta",
		    members[i].name, members[i].offset, members[i].size);
		cr_expect_not_null(strstr(text, row), "missing:%s", row);
	}
	(void)snprintf(row, sizeof(row), "Ta 4 Ta %u\n", RECORD_VERSION);
	cr_expect_not_null(strstr(text, row), "another version");
}

/* Is this option in the page, and not only a longer one? */
static bool
has_option(const char *text, const char *name)
{
	size_t len = strlen(name);

	while ((text = strstr(text, "Fl -")) != NULL) {
		text += strlen("Fl -");
		if (strncmp(text, name, len) == 0 &&
		    strchr(" \n", text[len]) != NULL)
			return true;
	}
	return false;
}

/* How many options the help of a command lists; all must be in the page. */
static unsigned int
options_of(const char *command, const char *text)
{
	char line[256], name[64];
	unsigned int n = 0;
	FILE *help;

	(void)snprintf(
	    line, sizeof(line), BUILD_DIR "/portlease %s --help", command);
	help = popen(line, "r");
	cr_assert_not_null(help);
	while (fgets(line, sizeof(line), help) != NULL) {
		if (strncmp(line, "  ", 2) != 0 ||
		    sscanf(line, "%*6c--%63[a-z-]", name) != 1)
			continue;
		cr_expect(has_option(text, name), "%s --%s", command, name);
		n++;
	}
	cr_assert_eq(pclose(help), 0);
	return n;
}

Test(manual, has_every_option)
{
	static const char *const commands[] = { "run", "exec", "acquire",
		"release", "wait", "reap", "ps", "show", "who" };
	const char *text = page(1);

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		cr_expect_geq(
		    options_of(commands[i], text), 2U, "%s", commands[i]);
}

Test(manual, has_every_reason_why_a_socket_is_there)
{
	const char *text = page(7);
	char row[64];

	for (size_t i = 0; i < WHYS; i++) {
		(void)snprintf(
		    row, sizeof(row), "\n.It Cm %s\n", rules_name((enum why)i));
		cr_expect_not_null(strstr(text, row), "missing:%s", row);
	}
}
