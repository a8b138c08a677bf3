/* SPDX-License-Identifier: ISC */
#include "look.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
address_at(const char *text, uint32_t *address)
{
	unsigned int a, b, c, d;

	if (sscanf(text, "%u.%u.%u.%u", &a, &b, &c, &d) != 4)
		return false;
	*address = a << 24 | b << 16 | c << 8 | d;
	return true;
}

/* The last number before the closing quote of the command line. */
static unsigned int
port_of_command(const char *line)
{
	const char *at = strstr(line, "\"command\":\"sh -c echo");

	at = at == NULL ? NULL : strstr(at, "work/");
	return at == NULL ? 0 : (unsigned int)atoi(at + strlen("work/"));
}

static void
status_line(const char *line, const struct heard *heard)
{
	const char *at = strstr(line, "\"address\":\"");
	uint32_t address;

	if (at == NULL || !address_at(at + strlen("\"address\":\""), &address))
		return;
	if (strstr(line, "\"event\":\"leased\"") != NULL)
		heard->leased(address, port_of_command(line));
	else if (strstr(line, "\"verdict\":\"CLEAN\"") != NULL)
		heard->freed(address, true, false);
	else if (strstr(line, "\"verdict\":\"COOLING\"") != NULL)
		heard->freed(address, false, false);
}

/* Of `release`, which says "portlease: ", or of `reap`. */
static void
text_line(const char *line, const struct heard *heard)
{
	bool reaped = strncmp(line, "portlease: ", 11) != 0;
	const char *at;
	uint32_t address;

	if (!reaped)
		line += 11;
	at = strchr(line, ' ');
	if (at == NULL || !address_at(line, &address))
		return;
	if (strncmp(at, " CLEAN: ", 8) == 0)
		heard->freed(address, true, reaped);
	else if (strncmp(at, " COOLING: ", 10) == 0)
		heard->freed(address, false, reaped);
}

static void
hear_line(const char *line, const struct heard *heard)
{
	unsigned int number;
	uint32_t address;

	if (line[0] == '{')
		status_line(line, heard);
	else if (sscanf(line, "round %u", &number) == 1)
		heard->round(number % BLOCKS);
	else if (sscanf(line, "orphan %u", &number) == 1)
		heard->orphaned(number % BLOCKS);
	else if (strncmp(line, "leased ", 7) == 0 &&
		 sscanf(line, "leased %*s %u", &number) == 1 &&
		 address_at(line + 7, &address))
		heard->leased(address, number);
	else
		text_line(line, heard);
}

void
words_read(int fd, const struct heard *heard)
{
	static char text[1 << 16];
	static size_t len;
	char *line = text, *end;
	ssize_t n;

	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	while ((n = read(fd, text + len, sizeof(text) - len)) > 0) {
		len += (size_t)n;
		for (line = text; (end = memchr(line, '\n',
				       len - (size_t)(line - text))) != NULL;
		     line = end + 1) {
			*end = '\0';
			hear_line(line, heard);
		}
		len -= (size_t)(line - text);
		memmove(text, line, len);
	}
	if (n == -1 && errno != EAGAIN)
		err(1, "words");
}
