/* SPDX-License-Identifier: ISC */
/*
 * The record has one writer for its report: the monitor.
 *
 * A timer's signal ends a write(2) that waits (EINTR).  It comes again and
 * again, for it may come just before the write, and to this thread alone.
 */
#include "base/msg.h"
#include "base/clock.h"

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 1000, KNOCK = 50 /* milliseconds */ };

/* Of the one thread that tells: what is held, and who was given up. */
static struct {
	FILE *held; /* NULL: nothing is */
	char *text; /* what was written to it */
	size_t len;
	bool deaf; /* nobody reads stderr */
} voice;

/* What the timer changes while it runs. */
struct knocking {
	timer_t timer;
	struct sigaction before;
	sigset_t mask;
};

static void
ignore(int sig)
{
	(void)sig;
}

static bool
knock(struct knocking *k)
{
	static const struct itimerspec often = {
		.it_interval.tv_nsec = KNOCK * 1000000L,
		.it_value.tv_nsec = KNOCK * 1000000L,
	};
	struct sigaction action = { .sa_handler = ignore }; /* no SA_RESTART */
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGALRM };
	sigset_t set;

	event._sigev_un._tid = gettid(); /* glibc has no better name for it */
	if (timer_create(CLOCK_MONOTONIC, &event, &k->timer) == -1)
		return false;
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	(void)sigaction(SIGALRM, &action, &k->before);
	(void)sigprocmask(SIG_UNBLOCK, &set, &k->mask);
	(void)timer_settime(k->timer, 0, &often, NULL);
	return true;
}

static void
be_quiet(struct knocking *k)
{
	(void)timer_delete(k->timer);
	(void)sigprocmask(SIG_SETMASK, &k->mask, NULL);
	(void)sigaction(SIGALRM, &k->before, NULL);
}

static bool
has_room(int timeout)
{
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&out, 1, timeout) == 1;
}

/*
 * One line; false when it had no room for a whole second, or an error.  A
 * pipe may take what poll(2) does not promise: it is asked only where a
 * write(2) could stay.
 */
static bool
write_line(const char *text, size_t len, bool knocking)
{
	int64_t end = clock_ms() + PATIENCE;
	ssize_t n;

	while (len > 0) {
		if (clock_ms() >= end)
			return false;
		n = knocking || has_room(KNOCK)
			? write(STDERR_FILENO, text, len)
			: 0;
		if (n == -1 && errno == EAGAIN)
			(void)has_room(KNOCK);
		else if (n == -1 && errno != EINTR)
			return false;
		if (n <= 0)
			continue;
		text += n;
		len -= (size_t)n;
		end = clock_ms() + PATIENCE;
	}
	return true;
}

/* Line by line: a pipe takes a short one whole, whoever else writes there. */
void
msg_raw(const char *text, size_t len)
{
	struct knocking k;
	bool knocking;
	const char *eol;
	size_t n;

	if (len == 0 || (voice.deaf && !has_room(0)))
		return;
	knocking = knock(&k);
	for (; len > 0; text += n, len -= n) {
		eol = memchr(text, '\n', len);
		n = eol != NULL ? (size_t)(eol - text) + 1 : len;
		if (!write_line(text, n, knocking))
			break;
	}
	voice.deaf = len > 0;
	if (knocking)
		be_quiet(&k);
}

static void
say(const char *line)
{
	char text[PATH_MAX + 512];
	int n = snprintf(text, sizeof(text) - 1, "%s: %s", getprogname(), line);
	size_t len = (size_t)n < sizeof(text) - 1 ? (size_t)n
						  : sizeof(text) - 2; /* cut */

	text[len++] = '\n';
	if (voice.held != NULL)
		(void)fwrite(text, 1, len, voice.held);
	else
		msg_raw(text, len);
}

void
msg_line(const char *format, ...)
{
	char line[PATH_MAX + 256];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(line, sizeof(line), format, ap); /* cut: for people */
	va_end(ap);
	say(line);
}

void
msg(struct record *r, const char *format, ...)
{
	char *report = r->release.report;
	size_t size = sizeof(r->release.report), used = strnlen(report, size);
	char line[1024];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(line, sizeof(line), format, ap); /* cut: for people */
	va_end(ap);
	say(line);
	if (used + strlen(line) + 2 <= size)
		(void)snprintf(report + used, size - used, "%s\n", line);
}

/* Short of memory lines are not held. */
void
msg_hold(void)
{
	if (voice.held == NULL)
		voice.held = open_memstream(&voice.text, &voice.len);
}

void
msg_flush(void)
{
	if (voice.held == NULL)
		return;
	(void)fclose(voice.held);
	voice.held = NULL;
	msg_raw(voice.text, voice.len);
	free(voice.text);
}
