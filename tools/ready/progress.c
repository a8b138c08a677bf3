/* SPDX-License-Identifier: ISC */
/*
 * The line ends with a carriage return, so that what the command itself writes
 * to the terminal begins at the margin.
 */
#include "ready/progress.h"
#include "base/clock.h"
#include "base/msg.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BETWEEN = 200 /* milliseconds */ };

#define ERASE "\r\033[K"

void
progress_begin(struct progress *p, const struct options *o)
{
	*p = (struct progress){ .off = o->quiet || !isatty(STDERR_FILENO) };
}

static size_t
width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == -1 || size.ws_col < 20)
		return 80;
	return size.ws_col;
}

void
progress_draw(struct progress *p, const struct startup *b, const char *ip)
{
	const struct terms *ports = &b->plan.options->awaited;
	unsigned int up = portset_of(&b->up, ports, true, NULL, 0);
	unsigned int down = portset_of(&b->up, ports, false, NULL, 0);
	char line[512], limit[32] = "", text[sizeof(line) + 8];
	size_t columns = width();

	if (p->off || clock_ms() - p->drawn < BETWEEN)
		return;
	if (b->facts.idle_limit > 0)
		(void)snprintf(limit, sizeof(limit), " of %lld",
		    (long long)b->facts.idle_limit / 1000);
	(void)snprintf(line, sizeof(line),
	    "%s: booting %lld s: %s; idle %lld%s s; ports %u of %u%s%s", ip,
	    (long long)startup_elapsed(b) / 1000, idle_doing(b->idle.last),
	    (long long)b->idle.asleep / 1000, limit, up, up + down,
	    b->status[0] != '\0' ? "; " : "", b->status); /* cut */
	if (columns <= sizeof(line))
		line[columns - 1] = '\0';
	msg_raw(text, (size_t)snprintf(text, sizeof(text), ERASE "%s\r", line));
	p->shown = true;
	p->drawn = clock_ms();
}

void
progress_end(struct progress *p)
{
	if (p->shown)
		msg_raw(ERASE, strlen(ERASE));
	p->shown = false;
}
