/* SPDX-License-Identifier: ISC */
/* What commands have said: numbers and addresses in it, and what it must be. */
#include "story.h"

#include <criterion/criterion.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IPS = 64, LINE = 4096 };

long
story_number(const char *text, const char *words)
{
	const char *found = strstr(text, words);

	return found != NULL ? strtol(found + strlen(words), NULL, 10) : -1;
}

const char *
story_ip(struct run *r)
{
	static char ips[IPS][16];
	static size_t nips;
	char *ip = ips[nips++];
	const char *line = story_says(r, "ip ");

	cr_assert_leq(nips, IPS);
	cr_assert_eq(sscanf(line, "ip %15s", ip), 1);
	return ip;
}

void
story_has_all(const char *text, const char *const words[])
{
	const char *at = text, *found;

	for (; *words != NULL; words++) {
		found = strstr(at, *words);
		cr_expect_not_null(found, "no \"%s\"%s in: %s", *words,
		    at != text ? " behind the words before" : "", text);
		if (found != NULL)
			at = found + strlen(*words);
	}
}

static bool
has_line(const char *text, const char *pattern)
{
	char line[LINE];
	size_t n;

	for (; *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		cr_assert_lt(n, sizeof(line), "%s", text);
		memcpy(line, text, n);
		line[n] = '\0';
		if (fnmatch(pattern, line, 0) == 0)
			return true;
	}
	return false;
}

void
story_line(const char *text, const char *format, ...)
{
	char pattern[LINE];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(pattern, sizeof(pattern), format, ap);
	va_end(ap);
	cr_expect(
	    has_line(text, pattern), "no line \"%s\" in: %s", pattern, text);
}

void
story_freed(const char *text, const char *ip)
{
	if (strstr(text, "COOLING") == NULL)
		story_line(
		    text, "*%s: CLEAN: no process and no socket left", ip);
	else
		story_line(text, "*%s: COOLING: * socket* closing", ip);
}

const char *
story_at(const char *ip, const char *port)
{
	static char names[8][32];
	static size_t next;
	char *name = names[next++ % 8];

	(void)snprintf(name, sizeof(*names), "%s:%s", ip, port);
	return name;
}

void
story_nothing_leased(void)
{
	struct run *ps = RUN(PORTLEASE, "ps");

	cr_expect_eq(ps->status, 0, "%s", ps->err);
	cr_expect_null(strstr(ps->out, "127."), "%s", ps->out);
}

void
story_left_nothing(void)
{
	story_quiet();
	story_nothing_leased();
}

unsigned int
story_count(const char *text, const char *words)
{
	unsigned int n = 0;

	while ((text = strstr(text, words)) != NULL) {
		text += strlen(words);
		n++;
	}
	return n;
}

void
story_need_two_users(void)
{
	if (geteuid() != 0)
		story_skip("only root can be two users");
	if (RUN(AS_NOBODY, "test", "-x", PORTLEASE)->status != 0)
		story_skip("%s cannot be reached by everybody", BUILD_DIR);
}
