/* SPDX-License-Identifier: ISC */
/* For people: columns that line up, one fact a line. */
#include "base/printable.h"
#include "base/text.h"
#include "cmd/format.h"
#include "kernel/procfs.h"
#include "lease/terms.h"
#include "store/recquery.h"

#include <limits.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

/* The command as its monitor wrote it, fit for a terminal. */
static void
line_of(const struct record *r, char line[static RECORD_COMMAND])
{
	memcpy(line, r->identity.line, RECORD_COMMAND);
	line[RECORD_COMMAND - 1] = '\0';
	printable_line(line);
}

static const char *
path_of(const struct stored *s, char path[static PATH_MAX])
{
	(void)strlcpy(path, s->path, PATH_MAX);
	printable_line(path);
	return path;
}

static void
print_row(const struct view *v)
{
	char ip[INET_ADDRSTRLEN], line[RECORD_COMMAND], path[PATH_MAX];
	char name[NAME_SIZE];
	unsigned int listening = 0;

	text_address(v->stored.ip, ip);
	if (v->stored.record == NULL) {
		printf("%-15s %-10s %s: %s\n", ip, lease_state_name(v->state),
		    path_of(&v->stored, path), strerror(v->stored.error));
		return;
	}
	line_of(v->stored.record, line);
	for (size_t i = 0; i < v->nsockets; i++)
		listening += v->sockets[i].socket.state == TCP_LISTEN;
	lease_name(&v->stored, name);
	printf("%-15s %-10s %8d %8d %7.0fs %6u  %-14s %s\n", ip,
	    lease_state_name(v->state), v->stored.record->identity.monitor,
	    v->stored.record->identity.command, lease_age(&v->stored),
	    listening, name[0] != '\0' ? name : "-", line);
}

static void
list(const struct view *views, size_t n)
{
	if (n == 0)
		return;
	printf("%-15s %-10s %8s %8s %8s %6s  %-14s %s\n", "ADDRESS", "STATE",
	    "MONITOR", "PID", "AGE", "LISTEN", "NAME", "COMMAND");
	for (size_t i = 0; i < n; i++)
		print_row(&views[i]);
}

static void
print_socket(const struct view *v, const struct view_socket *s)
{
	char local[TEXT_ENDPOINT], asked[TEXT_ENDPOINT];
	struct opener o;
	bool known = recquery_opener(v->stored.record, s->socket.cookie, &o);

	text_endpoint(&s->socket.local, local);
	printf("  %s %-22s %-11s",
	    s->socket.protocol == IPPROTO_TCP ? "tcp" : "udp", local,
	    sockdiag_state_name(s->socket.state));
	if (s->holder.pid != 0)
		printf(" pid %d (%s)", s->holder.pid, s->holder.line);
	if (!known) {
		printf("; unrecorded\n");
		return;
	}
	text_endpoint(&o.asked, asked);
	printf("; %s %s by pid %d (%s)\n", recquery_call(o.call), asked, o.pid,
	    o.path);
}

static void
print_images(const struct record *r)
{
	struct image image;

	for (size_t i = 0; i < RECORD_IMAGES; i++) {
		if (!recquery_image(r, i, &image))
			continue;
		printf("  pid %-8d %-8s %s%s\n", image.pid,
		    procfs_alive(image.pid, image.start) ? "alive" : "ended",
		    image.path,
		    image_uncovered(image.flags) ? " (uncovered)" : "");
	}
}

/* Losses are a line of their own when there are any. */
static void
print_counts(const struct record *r)
{
	unsigned long long images = atomic_load(&r->counts.images),
			   ways = atomic_load(&r->counts.bindings);

	printf("opens      %llu\noutside    %llu\nuncovered  %llu\n",
	    (unsigned long long)record_event_count(r),
	    (unsigned long long)atomic_load(&r->counts.outside),
	    (unsigned long long)atomic_load(&r->counts.uncovered));
	if (images > 0 || ways > 0)
		printf(
		    "lost       %llu programs, %llu sockets\n", images, ways);
}

static void
detail(const struct view *v)
{
	const struct record *r = v->stored.record;
	char ports[256], line[RECORD_COMMAND], path[PATH_MAX];

	list(v, 1);
	if (r == NULL)
		return;
	line_of(r, line);
	terms_format_ports(&v->stored.terms, ports, sizeof(ports));
	printf("command    %s\nmode       %s\nports      %s\nrecord     %s\n"
	       "owner      %d\n",
	    line, v->stored.terms.flags & TERMS_ADOPTED ? "adopted" : "slice",
	    ports, path_of(&v->stored, path), r->identity.owner);
	print_counts(r);
	printf("images\n");
	print_images(r);
	if (v->unseen != 0)
		printf("sockets cannot be seen: %s\n", strerror(v->unseen));
	else
		printf("sockets\n");
	for (size_t i = 0; i < v->nsockets; i++)
		print_socket(v, &v->sockets[i]);
}

const struct format format_text = { list, detail };
