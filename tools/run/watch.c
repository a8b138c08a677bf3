/* SPDX-License-Identifier: ISC */
/*
 * The progress line ends with a carriage return, so that what the command
 * itself writes to the terminal begins at the margin.
 */
#include "run/watch.h"
#include "base/clock.h"
#include "base/msg.h"
#include "ready/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { REDRAW = 200 /* milliseconds */ };

#define ERASE "\r\033[K"

int
watch_begin(
    struct watch *w, const struct startup_plan *plan, struct status *status)
{
	w->status = status;
	w->terminal = !plan->options->quiet && isatty(STDERR_FILENO);
	return startup_begin(&w->startup, plan);
}

static size_t
terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == -1 || size.ws_col < 20)
		return 80;
	return size.ws_col;
}

static void
draw_progress(struct watch *w)
{
	const struct startup *s = &w->startup;
	const struct terms *ports = &s->plan.options->awaited;
	unsigned int up = portset_of(&s->up, ports, true, NULL, 0);
	unsigned int down = portset_of(&s->up, ports, false, NULL, 0);
	char line[512], limit[32] = "", text[sizeof(line) + 8];
	size_t columns = terminal_width();

	if (!w->terminal || clock_ms() - w->drawn < REDRAW)
		return;
	if (s->facts.idle_limit > 0)
		(void)snprintf(limit, sizeof(limit), " of %lld",
		    (long long)s->facts.idle_limit / 1000);
	(void)snprintf(line, sizeof(line),
	    "%s: starting %lld s: %s; idle %lld%s s; ports %u of %u%s%s",
	    s->plan.start->ip, (long long)startup_elapsed(s) / 1000,
	    idle_doing(s->idle.last), (long long)s->idle.asleep / 1000, limit,
	    up, up + down, s->status[0] != '\0' ? "; " : "",
	    s->status); /* cut */
	if (columns <= sizeof(line))
		line[columns - 1] = '\0';
	msg_raw(text, (size_t)snprintf(text, sizeof(text), ERASE "%s\r", line));
	w->shown = true;
	w->drawn = clock_ms();
}

static void
erase_progress(struct watch *w)
{
	if (w->shown)
		msg_raw(ERASE, strlen(ERASE));
	w->shown = false;
}

static void
show_verdict(struct watch *w)
{
	const struct startup *s = &w->startup;
	const char *ip = s->plan.start->ip;
	char *text, *at, *line;

	erase_progress(w);
	if (s->verdict == READY_READY) {
		status_ready(w->status, s);
		if (s->plan.options->verbose)
			msg_line("%s: READY after %.3f s", ip,
			    (double)s->facts.elapsed / 1000);
		return;
	}
	status_unready(w->status, s);
	text = at = explain_text(s);
	while ((line = strsep(&at, "\n")) != NULL)
		msg_line("%s: %s", ip, line);
	free(text);
}

static bool
show(struct watch *w)
{
	if (w->startup.verdict != READY_STARTING) {
		show_verdict(w);
		startup_end(&w->startup);
		return true;
	}
	if (w->startup.news) {
		status_progress(w->status, &w->startup);
		draw_progress(w);
	}
	w->startup.news = false;
	return false;
}

bool
watch_handle(struct watch *w)
{
	if (!startup_pending(&w->startup))
		return false;
	startup_handle(&w->startup);
	return show(w);
}

bool
watch_exited(struct watch *w, const struct ipc_exit *end)
{
	if (!startup_pending(&w->startup))
		return false;
	startup_exited(&w->startup, end);
	return show(w);
}

void
watch_stop(struct watch *w)
{
	if (!startup_pending(&w->startup))
		return;
	erase_progress(w);
	startup_end(&w->startup);
}
