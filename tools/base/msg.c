/* SPDX-License-Identifier: ISC */
/*
 * stderr may block, so an interval timer runs during a write: its signal ends
 * a write(2) that waits (EINTR).  One signal might come just before the write,
 * hence the interval; it is sent to this thread alone.
 *
 * The report in the record has one writer: the monitor.
 */
#include "base/msg.h"
#include "base/clock.h"
#include "base/printable.h"

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

enum { PATIENCE = 1000, INTERVAL = 50 /* milliseconds */ };

/* Used by the one thread that writes messages. */
static struct {
	FILE *held; /* lines are kept here; NULL: they are written at once */
	char *text; /* what was written to it */
	size_t len;
	bool stalled; /* stderr took nothing for a whole second */
} out;

struct interval {
	timer_t timer;
	struct sigaction action; /* as they were before */
	sigset_t mask;
};

static void
ignore(int sig)
{
	(void)sig;
}

static bool
start_interval(struct interval *t)
{
	static const struct itimerspec often = {
		.it_interval.tv_nsec = INTERVAL * 1000000L,
		.it_value.tv_nsec = INTERVAL * 1000000L,
	};
	struct sigaction action = { .sa_handler = ignore }; /* no SA_RESTART */
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGALRM };
	sigset_t set;

	event._sigev_un._tid = gettid(); /* glibc has no better name for it */
	if (timer_create(CLOCK_MONOTONIC, &event, &t->timer) == -1)
		return false;
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	(void)sigaction(SIGALRM, &action, &t->action);
	(void)sigprocmask(SIG_UNBLOCK, &set, &t->mask);
	(void)timer_settime(t->timer, 0, &often, NULL);
	return true;
}

static bool
has_room(int timeout)
{
	struct pollfd pfd = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&pfd, 1, timeout) == 1;
}

/*
 * Write one line; false when there was no room for a whole second, or an
 * error.  A pipe may take more than poll(2) promises, so poll is asked only
 * where no timer would end the write.
 */
static bool
write_line(const char *text, size_t len, bool timer)
{
	int64_t end = clock_ms() + PATIENCE;
	ssize_t n;

	while (len > 0) {
		if (clock_ms() >= end)
			return false;
		n = timer || has_room(INTERVAL)
			? write(STDERR_FILENO, text, len)
			: 0;
		if (n == -1 && errno == EAGAIN)
			(void)has_room(INTERVAL);
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

/* Line by line: a pipe takes a short one whole, so lines do not mix. */
void
msg_raw(const char *text, size_t len)
{
	struct interval interval;
	bool timer;
	const char *eol;
	size_t n;

	if (len == 0 || (out.stalled && !has_room(0)))
		return;
	timer = start_interval(&interval);
	for (; len > 0; text += n, len -= n) {
		eol = memchr(text, '\n', len);
		n = eol != NULL ? (size_t)(eol - text) + 1 : len;
		if (!write_line(text, n, timer))
			break;
	}
	out.stalled = len > 0;
	if (!timer)
		return;
	(void)timer_delete(interval.timer);
	(void)sigprocmask(SIG_SETMASK, &interval.mask, NULL);
	(void)sigaction(SIGALRM, &interval.action, NULL);
}

/* Cut to the size of text: lines are for people. */
static void __attribute__((format(printf, 3, 0)))
print_line(char *text, size_t size, const char *format, va_list ap)
{
	char line[PATH_MAX + 512];
	int n;

	(void)vsnprintf(text, size, format, ap);
	printable_line(text); /* it may hold names and paths of others */
	n = snprintf(line, sizeof(line), "%.64s: %s\n", getprogname(), text);
	if (out.held != NULL)
		(void)fwrite(line, 1, (size_t)n, out.held);
	else
		msg_raw(line, (size_t)n);
}

void
msg_line(const char *format, ...)
{
	char line[PATH_MAX + 256];
	va_list ap;

	va_start(ap, format);
	print_line(line, sizeof(line), format, ap);
	va_end(ap);
}

void
msg(struct record *r, const char *format, ...)
{
	char *report = r->release.report;
	size_t size = sizeof(r->release.report), used = strnlen(report, size);
	char line[1024];
	va_list ap;

	va_start(ap, format);
	print_line(line, sizeof(line), format, ap);
	va_end(ap);
	if (used + strlen(line) + 2 <= size)
		(void)snprintf(report + used, size - used, "%s\n", line);
}

/* When memory is short the lines are written at once. */
void
msg_hold(void)
{
	if (out.held == NULL)
		out.held = open_memstream(&out.text, &out.len);
}

void
msg_flush(void)
{
	if (out.held == NULL)
		return;
	(void)fclose(out.held);
	out.held = NULL;
	msg_raw(out.text, out.len);
	free(out.text);
}
