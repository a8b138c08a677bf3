/* SPDX-License-Identifier: ISC */
#include "base/options.h"
#include "base/printable.h"
#include "base/text.h"
#include "cmd/who_print.h"

#include <err.h>
#include <jansson.h>
#include <stdio.h>

enum { SCHEMA = 1 };

static json_t *
endpoint_json(const struct endpoint *ep)
{
	char text[TEXT_ENDPOINT];

	return json_string(text_endpoint(ep, text));
}

static json_t *
whys_json(const struct holding *h)
{
	json_t *list = json_array();
	char why[RULES_TEXT], todo[RULES_TEXT];

	for (size_t i = 0; i < h->nwhys; i++)
		json_array_append_new(list,
		    json_pack("{s:s, s:s, s:s}", "why", rules_name(h->whys[i]),
			"text", rules_why(h->whys[i], &h->facts, why), "do",
			rules_todo(h->whys[i], &h->facts, todo)));
	return list;
}

static json_t *
holder_json(const struct holding *h)
{
	const struct process *p = h->process;

	if (p == NULL)
		return json_pack("{s:n, s:o}", "pid", "whys", whys_json(h));
	return json_pack("{s:i, s:s, s:s, s:f, s:i, s:o, s:o}", "pid", p->pid,
	    "command", p->line, "user", who_user(p->uid), "age",
	    who_age(process_monotonic(p->start)), "descriptor", h->fd,
	    "cloexec", h->cloexec < 0 ? json_null() : json_boolean(h->cloexec),
	    "whys", whys_json(h));
}

static json_t *
opener_json(const struct found *f)
{
	const struct opener *o = &f->opener;

	if (!f->opened)
		return json_null();
	return json_pack("{s:s, s:o, s:i, s:s, s:f}", "call",
	    recquery_call(o->call), "asked", endpoint_json(&o->asked), "pid",
	    o->pid, "program", o->path, "age", who_age(o->when));
}

static json_t *
socket_json(const struct found *f)
{
	const struct sockdiag_socket *s = &f->socket;
	json_t *holders = json_array();
	char ip[INET_ADDRSTRLEN];

	for (size_t i = 0; i < f->nholders; i++)
		json_array_append_new(holders, holder_json(&f->holders[i]));
	return json_pack("{s:s, s:o, s:o, s:s, s:i, s:I, s:i, s:f, s:o, s:o, "
			 "s:o}",
	    "protocol", s->protocol == IPPROTO_TCP ? "tcp" : "udp", "local",
	    endpoint_json(&s->local), "remote", endpoint_json(&s->remote),
	    "state", sockdiag_state_name(s->state), "count", (int)f->count,
	    "cookie", (json_int_t)s->cookie, "queued", (int)s->queued,
	    "time_wait", s->time_wait / 1e3, "lease",
	    f->lease == NULL ? json_null()
			     : json_string(text_address(f->lease->ip, ip)),
	    "opened", opener_json(f), "holders", holders);
}

void
who_json(const struct look *look)
{
	json_t *sockets = json_array(), *json;

	for (size_t i = 0; i < look->n; i++)
		json_array_append_new(sockets, socket_json(&look->list[i]));
	json = json_pack("{s:i, s:s, s:b, s:i, s:o}", "version", SCHEMA,
	    "portlease", VERSION, "held", look->held, "hidden",
	    (int)look->denied, "sockets", sockets);
	if (json == NULL || json_dumpf(json, stdout, JSON_INDENT(2)) == -1)
		errx(EXIT_PORTLEASE, "cannot print JSON");
	putchar('\n');
	json_decref(json);
}
