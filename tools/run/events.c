/* SPDX-License-Identifier: ISC */
/* The findings at the end of a lease, as status lines. */
#include "kernel/procfs.h"
#include "run/report.h"
#include "store/recquery.h"

/* The ports that it held. */
static json_t *
held_by(const struct straggler *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->nports; i++)
		json_array_append_new(list, json_integer(s->ports[i].port));
	return list;
}

/* The calls that opened those ports, of which the record knows. */
static json_t *
opened_for(const struct straggler *s, const struct record *record)
{
	json_t *list = json_array();
	struct opener by;

	for (size_t i = 0; i < s->nports; i++)
		if (recquery_opener(record, s->ports[i].cookie, &by))
			json_array_append_new(
			    list, json_pack("{s:i, s:s, s:i, s:s}", "port",
				      s->ports[i].port, "call",
				      recquery_call(by.call), "pid", by.pid,
				      "program", by.path));
	return list;
}

static json_t *
straggler_of(const struct straggler *s, const struct record *record)
{
	bool lives = !s->gone && procfs_alive(s->pid, s->start);

	return json_pack("{s:i, s:s, s:o, s:o, s:b, s:i, s:i}", "pid", s->pid,
	    "command", s->line, "held", held_by(s), "opened",
	    opened_for(s, record), "alive", lives, "status",
	    s->gone && !s->killed ? s->status : 0, "signal",
	    s->gone && s->killed ? s->status : 0);
}

static void
uncovered(const struct record *record, struct status *status)
{
	struct image image;
	size_t n = 0;

	for (size_t i = 0; i < RECORD_IMAGES && n < REPORT_UNCOVERED; i++) {
		if (!recquery_image(record, i, &image) ||
		    !image_uncovered(image.flags))
			continue;
		n++;
		status_event(status, "uncovered",
		    json_pack("{s:i, s:s, s:s}", "pid", image.pid, "program",
			image.path, "is", report_uncovered_by(image.flags)));
	}
}

static void
outside(const struct outside *o, struct status *status)
{
	char at[TEXT_ENDPOINT];

	for (size_t i = 0; i < o->n; i++)
		status_event(status, "outside",
		    json_pack("{s:i, s:s, s:s, s:s}", "pid",
			o->list[i].holder.pid, "command",
			o->list[i].holder.line, "protocol",
			o->list[i].socket.protocol == IPPROTO_TCP ? "tcp"
								  : "udp",
			"at", text_endpoint(&o->list[i].socket.local, at)));
}

void
report_events(const struct report *r, struct status *status)
{
	const struct stragglers *s = r->stragglers;

	for (size_t i = 0; i < s->n; i++)
		status_event(
		    status, "straggler", straggler_of(&s->list[i], r->record));
	if (!r->evidence->damaged)
		uncovered(r->record, status);
	outside(r->outside, status);
}
