/* SPDX-License-Identifier: ISC */
#include "base/tail.h"
#include "base/printable.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { READS = 64 };

void
tail_add(struct tail *t, const char *text, size_t n)
{
	const size_t room = sizeof(t->text) - 1;
	size_t drop;

	if (n > room) {
		text += n - room;
		n = room;
	}
	drop = t->len + n > room ? t->len + n - room : 0;
	memmove(t->text, t->text + drop, t->len - drop);
	memcpy(t->text + t->len - drop, text, n);
	t->len += n - drop;
	t->text[t->len] = '\0';
}

bool
tail_read(struct tail *t, int fd)
{
	char text[1024];
	ssize_t n;

	for (int i = 0; i < READS; i++) {
		n = read(fd, text, sizeof(text));
		if (n == 0)
			return true;
		if (n == -1)
			return errno != EAGAIN && errno != EINTR;
		tail_add(t, text, (size_t)n);
	}
	return false;
}

char *
tail_line(char **at)
{
	char *line;

	while ((line = strsep(at, "\n")) != NULL) {
		printable_line(line);
		if (*line != '\0')
			return line;
	}
	return NULL;
}
