/* SPDX-License-Identifier: ISC */
/* A line for the verdict, one for each sleeper, and what the probe said. */
#include "ready/explain.h"
#include "base/msg.h"
#include "kernel/procfs.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
	char *at;
	size_t left;
};

__attribute__((format(printf, 2, 3))) static void
say(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->at, t->left, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= t->left) {
		t->left = 1; /* cut */
		return;
	}
	t->at += n;
	t->left -= (size_t)n;
}

static double
seconds(int64_t ms)
{
	return (double)ms / 1000;
}

static void
say_exited(const struct startup *b, struct text *t)
{
	if (b->end.sig != 0)
		say(t, "killed by SIG%s",
		    sigabbrev_np(b->end.sig) ? sigabbrev_np(b->end.sig) : "?");
	else if (b->end.status >= 0)
		say(t, "status %d", b->end.status);
	else
		say(t, "the lease has ended");
	say(t, " after %.1f s, before it was ready", seconds(b->facts.elapsed));
}

static void
say_noprobe(const struct startup *b, struct text *t)
{
	say(t, "--ready-cmd '%s': not found (127)", b->probe.command);
}

static void
say_hung(const struct startup *b, struct text *t)
{
	say(t, "asleep for %.1f s, the idle limit", seconds(b->facts.idle));
}

static void
say_spinning(const struct startup *b, struct text *t)
{
	say(t,
	    "at the cap of %.1f s, and for %.1f s nothing but a processor "
	    "moved",
	    seconds(b->facts.cap), seconds(b->facts.unmoved));
}

static void
say_capped(const struct startup *b, struct text *t)
{
	say(t, "at the cap of %.1f s; it was last %s", seconds(b->facts.cap),
	    idle_doing(b->idle.last));
}

static void
say_missing(const struct startup *b, struct text *t)
{
	unsigned int left = b->facts.awaited & ~b->facts.came;
	char ports[256];

	(void)portset_of(
	    &b->up, &b->plan.options->awaited, false, ports, sizeof(ports));
	if (left & AWAIT_PORTS)
		say(t, "; not listening: %s", ports);
	if (left & AWAIT_NOTIFY)
		say(t, "; no READY=1 came");
	if (left & AWAIT_PROBE && b->probe.runs == 0)
		say(t, "; --ready-cmd never ran");
	else if (left & AWAIT_PROBE && b->probe.ends == 0)
		say(t, "; --ready-cmd was still running");
	else if (left & AWAIT_PROBE && !b->probe.missing)
		say(t, "; --ready-cmd exited %d", b->probe.status);
	if (b->status[0] != '\0')
		say(t, "; its status: %s", b->status);
	if (b->malformed > 0)
		say(t, "; ignored %u malformed messages on NOTIFY_SOCKET",
		    b->malformed);
}

void
explain_reason(const struct startup *b, char text[static EXPLAIN_REASON])
{
	static void (*const sayers[])(const struct startup *, struct text *) = {
		[READY_EXITED] = say_exited,
		[READY_NOPROBE] = say_noprobe,
		[READY_HUNG] = say_hung,
		[READY_SPINNING] = say_spinning,
		[READY_CAPPED] = say_capped,
	};
	struct text t = { text, EXPLAIN_REASON };

	text[0] = '\0';
	if (sayers[b->verdict] != NULL)
		sayers[b->verdict](b, &t);
	say_missing(b, &t);
}

static void
print_sleepers(const struct startup *b, const char *ip)
{
	char text[BLOCKED_LINE + TEXT_ENDPOINT + 32], threads[48];

	for (size_t i = 0; i < b->sleepers.n; i++) {
		const struct blocked_thread *s = &b->sleepers.list[i];

		blocked_text(s, text, sizeof(text));
		if (s->threads > 1)
			(void)snprintf(threads, sizeof(threads), "%u threads ",
			    s->threads);
		else if (s->tid != s->pid)
			(void)snprintf(
			    threads, sizeof(threads), "thread %d ", s->tid);
		else
			threads[0] = '\0';
		msg_line("%s: pid %d (%s): %s%s", ip, s->pid, s->line, threads,
		    text);
	}
	if (b->sleepers.more > 0)
		msg_line("%s: and %zu threads more", ip, b->sleepers.more);
}

static void
print_said(const struct startup *b, const char *ip)
{
	struct tail said = *readycmd_said(&b->probe);
	char *at = said.text, *line;

	while ((line = tail_line(&at)) != NULL)
		msg_line("%s: --ready-cmd said: %s", ip, line);
}

void
explain_print(const struct startup *b, const char *ip)
{
	char reason[EXPLAIN_REASON];

	explain_reason(b, reason);
	msg_line("%s: %s: %s", ip, readiness_name(b->verdict), reason);
	print_sleepers(b, ip);
	if (b->facts.awaited & AWAIT_PROBE)
		print_said(b, ip);
}

/* A command that could not be run says more by its own status. */
int
explain_status(const struct startup *b)
{
	if (b->verdict == READY_NOPROBE)
		return EXIT_NOT_FOUND;
	if (b->verdict == READY_EXITED && b->end.sig == 0 &&
	    (b->end.status == EXIT_NOT_FOUND ||
		b->end.status == EXIT_NOT_EXECUTABLE))
		return b->end.status;
	return EXIT_NOT_READY;
}
