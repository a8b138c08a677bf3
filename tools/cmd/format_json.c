/* SPDX-License-Identifier: ISC */
/* For programs: JSON, its members listed in portlease(5). */
#include "base/json.h"
#include "base/options.h"
#include "base/printable.h"
#include "base/text.h"
#include "cmd/format.h"
#include "kernel/procfs.h"
#include "store/recquery.h"

#include <err.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { SCHEMA = 1 };

/* Names may hold any bytes; JSON holds UTF-8, which printable text is. */
static json_t *
text_of(const char *text, size_t size)
{
	char copy[RECORD_COMMAND];

	if (size > sizeof(copy))
		size = sizeof(copy);
	memcpy(copy, text, size);
	copy[size - 1] = '\0';
	printable_line(copy);
	return json_string(copy);
}

static json_t *
opener_of(const struct record *r, uint64_t cookie)
{
	char asked[TEXT_ENDPOINT];
	struct opener o;

	if (!recquery_opener(r, cookie, &o))
		return json_null();
	text_endpoint(&o.asked, asked);
	return json_pack("{s:s, s:s, s:i, s:o}", "call", recquery_call(o.call),
	    "asked", asked, "pid", o.pid, "program",
	    text_of(o.path, sizeof(o.path)));
}

static json_t *
socket_of(const struct record *r, const struct view_socket *s)
{
	char local[TEXT_ENDPOINT], remote[TEXT_ENDPOINT];

	text_endpoint(&s->socket.local, local);
	text_endpoint(&s->socket.remote, remote);
	return json_pack("{s:s, s:s, s:s, s:i, s:s, s:I, s:i, s:o, s:o}",
	    "protocol", s->socket.protocol == IPPROTO_TCP ? "tcp" : "udp",
	    "local", local, "remote", remote, "port", s->socket.local.port,
	    "state", sockdiag_state_name(s->socket.state), "cookie",
	    (json_int_t)s->socket.cookie, "pid", s->holder.pid, "command",
	    text_of(s->holder.line, sizeof(s->holder.line)), "opened",
	    opener_of(r, s->socket.cookie));
}

static json_t *
images_of(const struct record *r)
{
	json_t *list = json_array();
	struct image image;

	for (size_t i = 0; i < RECORD_IMAGES; i++) {
		if (!recquery_image(r, i, &image))
			continue;
		json_array_append_new(list,
		    json_pack("{s:i, s:b, s:b, s:o}", "pid", image.pid, "alive",
			procfs_alive(image.pid, image.start), "covered",
			!image_uncovered(image.flags), "program",
			text_of(image.path, sizeof(image.path))));
	}
	return list;
}

static json_t *
lease_of(const struct view *v)
{
	const struct record *r = v->stored.record;
	const struct terms *t = &v->stored.terms;
	json_t *sockets;
	char ip[16], name[NAME_SIZE];

	text_address(v->stored.ip, ip);
	if (r == NULL)
		return json_pack("{s:s, s:s, s:s, s:s}", "address", ip, "state",
		    lease_state_name(v->state), "record", v->stored.path,
		    "error", strerror(v->stored.error));
	lease_name(&v->stored, name);
	sockets = json_array();
	for (size_t i = 0; i < v->nsockets; i++)
		json_array_append_new(sockets, socket_of(r, &v->sockets[i]));
	return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:f, s:o, s:o, "
			 "s:o, s:o}",
	    "address", ip, "state", lease_state_name(v->state), "mode",
	    t->flags & TERMS_ADOPTED ? "adopted" : "slice", "record",
	    v->stored.path, "monitor", r->identity.monitor, "pid",
	    r->identity.command, "owner", r->identity.owner, "age",
	    lease_age(&v->stored), "ports", json_ports(t), "command",
	    text_of(r->identity.line, sizeof(r->identity.line)), "sockets",
	    sockets, "name", name[0] != '\0' ? json_string(name) : json_null());
}

static void
print(json_t *json)
{
	if (json == NULL || json_dumpf(json, stdout, JSON_INDENT(2)) == -1)
		errx(EXIT_PORTLEASE, "cannot print JSON");
	putchar('\n');
	json_decref(json);
}

static void
list(const struct view *views, size_t n)
{
	json_t *leases = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(leases, lease_of(&views[i]));
	print(json_pack("{s:i, s:s, s:o}", "version", SCHEMA, "portlease",
	    VERSION, "leases", leases));
}

static void
add_counts(json_t *lease, const struct record *r)
{
	const struct {
		const char *key;
		uint64_t n;
	} counts[] = {
		{ "opens", record_event_count(r) },
		{ "outside", atomic_load(&r->counts.outside) },
		{ "uncovered", atomic_load(&r->counts.uncovered) },
		{ "lost_images", atomic_load(&r->counts.images) },
		{ "lost_ways", atomic_load(&r->counts.bindings) },
	};

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		json_object_set_new(lease, counts[i].key,
		    json_integer((json_int_t)counts[i].n));
}

static void
detail(const struct view *v)
{
	const struct record *r = v->stored.record;
	json_t *lease = lease_of(v);

	json_object_set_new(lease, "version", json_integer(SCHEMA));
	json_object_set_new(lease, "portlease", json_string(VERSION));
	if (r != NULL) {
		json_object_set_new(lease, "images", images_of(r));
		add_counts(lease, r);
	}
	print(lease);
}

const struct format format_json = { list, detail };
