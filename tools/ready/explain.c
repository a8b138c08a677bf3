/* SPDX-License-Identifier: ISC */
/* The verdict, each blocked thread, and what --ready-cmd said. */
#include "ready/explain.h"
#include "base/printable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double
seconds(int64_t ms)
{
	return (double)ms / 1000;
}

static void
write_exit(const struct startup *s, FILE *out)
{
	const char *name = sigabbrev_np(s->end.sig);

	if (s->end.sig != 0)
		fprintf(out, "killed by SIG%s", name != NULL ? name : "?");
	else if (s->end.status >= 0)
		fprintf(out, "status %d", s->end.status);
	else
		fputs("the lease has ended", out);
	fprintf(out, " after %.1f s, before it was ready",
	    seconds(s->facts.elapsed));
}

static void
write_cause(const struct startup *s, FILE *out)
{
	const struct facts *f = &s->facts;

	switch (s->verdict) {
	case READY_STARTING:
	case READY_READY:
		break;
	case READY_EXITED:
		write_exit(s, out);
		break;
	case READY_NOPROBE:
		fprintf(out, "--ready-cmd '%s': not found (127)",
		    s->readycmd.command);
		break;
	case READY_HUNG:
		fprintf(
		    out, "asleep for %.1f s, the idle limit", seconds(f->idle));
		break;
	case READY_SPINNING:
		fprintf(out,
		    "at the cap of %.1f s, and for %.1f s nothing but a "
		    "processor moved",
		    seconds(f->cap), seconds(f->unmoved));
		break;
	case READY_CAPPED:
		fprintf(out, "at the cap of %.1f s; it was last %s",
		    seconds(f->cap), idle_doing(s->idle.last));
		break;
	}
}

static void
write_readycmd(const struct readycmd *c, FILE *out)
{
	if (c->runs == 0)
		fputs("; --ready-cmd never ran", out);
	else if (c->ends == 0)
		fputs("; --ready-cmd was still running", out);
	else if (!c->missing)
		fprintf(out, "; --ready-cmd exited %d", c->status);
}

static void
write_missing(const struct startup *s, FILE *out)
{
	unsigned int left = s->facts.awaited & ~s->facts.came;
	char ports[256];

	(void)portset_of(
	    &s->up, &s->plan.options->awaited, false, ports, sizeof(ports));
	if (left & AWAIT_PORTS)
		fprintf(out, "; not listening: %s", ports);
	if (left & AWAIT_NOTIFY)
		fputs("; no READY=1 came", out);
	if (left & AWAIT_COMMAND)
		write_readycmd(&s->readycmd, out);
	if (s->status[0] != '\0')
		fprintf(out, "; its status: %s", s->status);
	if (s->malformed > 0)
		fprintf(out, "; ignored %u malformed messages on NOTIFY_SOCKET",
		    s->malformed);
}

char *
explain_reason(const struct startup *s)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	write_cause(s, out);
	write_missing(s, out);
	if (fclose(out) == 0)
		printable_line(text);
	return text;
}

static void
write_blocked(const struct blocked *blocked, FILE *out)
{
	char text[BLOCKED_LINE + TEXT_ENDPOINT + 32];

	for (size_t i = 0; i < blocked->n; i++) {
		const struct blocked_thread *t = &blocked->list[i];

		blocked_text(t, text, sizeof(text));
		fprintf(out, "\npid %d (%s): ", t->pid, t->line);
		if (t->threads > 1)
			fprintf(out, "%u threads ", t->threads);
		else if (t->tid != t->pid)
			fprintf(out, "thread %d ", t->tid);
		fputs(text, out);
	}
	if (blocked->more > 0)
		fprintf(out, "\nand %zu threads more", blocked->more);
}

char *
explain_text(const struct startup *s)
{
	struct tail said = *readycmd_said(&s->readycmd);
	char *text = NULL, *reason = explain_reason(s), *at = said.text, *line;
	size_t size;
	FILE *out = reason != NULL ? open_memstream(&text, &size) : NULL;

	if (out != NULL) {
		fprintf(out, "%s: %s", readiness_name(s->verdict), reason);
		write_blocked(&s->blocked, out);
		while (s->facts.awaited & AWAIT_COMMAND &&
		       (line = tail_line(&at)) != NULL)
			fprintf(out, "\n--ready-cmd said: %s", line);
		(void)fclose(out);
	}
	free(reason);
	return text;
}

/* A command that could not be run says more by its own status. */
int
explain_status(const struct startup *s)
{
	if (s->verdict == READY_NOPROBE)
		return EXIT_NOT_FOUND;
	if (s->verdict == READY_EXITED && s->end.sig == 0 &&
	    (s->end.status == EXIT_NOT_FOUND ||
		s->end.status == EXIT_NOT_EXECUTABLE))
		return s->end.status;
	return EXIT_NOT_READY;
}
