/* SPDX-License-Identifier: ISC */
/* One object, one line, one write(2). */
#include "ready/status.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/printable.h"
#include "ready/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	SCHEMA = 1,
	THREADS = 8, /* in a line, which stays below PIPE_BUF */
	PORTS = 64
};

/* A pipe that poll(2) calls writable takes PIPE_BUF bytes at once. */
static bool
has_room(int fd)
{
	struct pollfd out = { .fd = fd, .events = POLLOUT };

	return poll(&out, 1, 0) == 1 && out.revents & (POLLOUT | POLLERR);
}

/* What is left out of a line that is too long, first to last. */
static const char *const bulky[] = { "probe", "threads", "up", "missing",
	"opened" };

static char *
line_of(json_t *event)
{
	char *line;

	for (size_t i = 0;; i++) {
		line = json_dumps(event, JSON_COMPACT | JSON_REAL_PRECISION(6));
		if (line == NULL || strlen(line) < PIPE_BUF ||
		    i == sizeof(bulky) / sizeof(*bulky))
			return line;
		free(line);
		(void)json_object_del(event, bulky[i]);
	}
}

static void
write_line(struct status *s, size_t sink, json_t *event)
{
	char *line;
	size_t len;

	json_object_set_new(event, "dropped", json_integer(s->dropped[sink]));
	line = line_of(event);
	if (line == NULL)
		return;
	len = strlen(line);
	line[len] = '\n'; /* in the place of its NUL */
	if (!has_room(s->fd[sink])) {
		s->dropped[sink]++;
	} else if (write(s->fd[sink], line, len + 1) == -1 && errno == EPIPE) {
		close(s->fd[sink]);
		s->fd[sink] = -1;
	}
	free(line);
}

void
status_event(struct status *s, const char *name, json_t *event)
{
	json_t *line = json_pack("{s:i, s:s, s:s, s:f}", "version", SCHEMA,
	    "event", name, "address", s->ip, "elapsed",
	    (double)(clock_ms() - s->begun) / 1000);

	if (line != NULL && json_object_update(line, event) == 0)
		for (size_t i = 0; i < STATUS_SINKS; i++)
			if (s->fd[i] != -1)
				write_line(s, i, line);
	json_decref(line);
	json_decref(event);
}

static json_t *
lines_of(struct tail said)
{
	json_t *list = json_array();
	char *at = said.text, *line;

	while ((line = tail_line(&at)) != NULL)
		json_array_append_new(list, json_string(line));
	return list;
}

/* Of the awaited ports those that are up, or those that are not. */
static json_t *
ports_of(const struct startup *startup, bool up)
{
	const struct terms *t = &startup->plan.options->awaited;
	json_t *list = json_array();

	for (uint32_t i = 0; i < t->nports; i++)
		for (uint32_t port = t->ports[i].first;
		     port <= t->ports[i].last; port++)
			if (portset_has(&startup->up, (uint16_t)port) == up &&
			    json_array_size(list) < PORTS)
				json_array_append_new(list, json_integer(port));
	return list;
}

void
status_open(struct status *s)
{
	static const int fds[STATUS_SINKS] = { FD_STATUS, FD_STATUS_FILE };

	for (size_t i = 0; i < STATUS_SINKS; i++)
		s->fd[i] = fcntl(fds[i], F_GETFD) == -1 ? -1 : fds[i];
	s->begun = clock_ms();
}

void
status_leased(struct status *s, const struct ipc_request *r,
    const struct terms *t, const char *record)
{
	char path[PATH_MAX];

	(void)strlcpy(path, record, sizeof(path)); /* same size */
	printable_line(path);
	status_event(s, "leased",
	    json_pack("{s:s, s:i, s:i, s:o, s:s, s:s*}", "record", path, "pid",
		r->command, "monitor", getpid(), "ports", json_ports(t),
		"command", r->line, "name",
		r->options.name[0] != '\0' ? r->options.name : NULL));
}

void
status_progress(struct status *s, const struct startup *startup)
{
	status_event(s, "progress",
	    json_pack("{s:o, s:o, s:f, s:f, s:s, s:s, s:i, s:i}", "up",
		ports_of(startup, true), "missing", ports_of(startup, false),
		"idle", (double)startup->idle.asleep / 1000, "idle_limit",
		(double)startup->facts.idle_limit / 1000, "doing",
		idle_doing(startup->idle.last), "status", startup->status,
		"probes", startup->readycmd.runs, "malformed",
		startup->malformed));
}

void
status_ready(struct status *s, const struct startup *startup)
{
	status_event(s, "ready",
	    json_pack("{s:o, s:s, s:i, s:i}", "up", ports_of(startup, true),
		"status", startup->status, "probes", startup->readycmd.runs,
		"malformed", startup->malformed));
}

static json_t *
blocked_of(const struct blocked *blocked)
{
	json_t *list = json_array();

	for (size_t i = 0; i < blocked->n && i < THREADS; i++) {
		const struct blocked_thread *t = &blocked->list[i];

		json_array_append_new(
		    list, json_pack("{s:i, s:i, s:i, s:s, s:s#, s:s, s:s, s:s}",
			      "pid", t->pid, "tid", t->tid, "threads",
			      t->threads, "command", t->line, "state",
			      &t->state, (size_t)1, "call", t->call, "wchan",
			      t->wchan, "awaits", t->awaits));
	}
	return list;
}

void
status_unready(struct status *s, const struct startup *startup)
{
	char *reason = explain_reason(startup);

	status_event(s, "not-ready",
	    json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:i, s:i}", "verdict",
		readiness_name(startup->verdict), "reason",
		reason != NULL ? reason : "", "up", ports_of(startup, true),
		"missing", ports_of(startup, false), "threads",
		blocked_of(&startup->blocked), "probe",
		lines_of(*readycmd_said(&startup->readycmd)), "probes",
		startup->readycmd.runs, "malformed", startup->malformed));
	free(reason);
}

void
status_ending(struct status *s, const char *why)
{
	status_event(s, "ending", json_pack("{s:s}", "why", why));
}

void
status_verdict(struct status *s, const struct status_end *end)
{
	status_event(s, "verdict",
	    json_pack("{s:s, s:s, s:b, s:i, s:i, s:i, s:i}", "verdict",
		end->verdict, "reason", end->reason, "leaked", end->leaked,
		"status", end->ours.status, "signal", end->ours.sig,
		"command_status", end->command.status, "command_signal",
		end->command.sig));
}
