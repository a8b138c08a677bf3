/* SPDX-License-Identifier: ISC */
/* A record that is scribbled on after it was judged, as ps and show see it. */
#include "top.h"

#include "cmd/format.h"

#include "base/ipc.h"
#include "store/store.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IP = 0x7f4d5301, NETNS = 78 };

static const struct terms terms = { .leased = IP,
	.flags = TERMS_ADOPTED,
	.nports = 1,
	.ports = { { 80, 80 } } };

/* The record as it is made; *seen is as another command maps it. */
static void
publish(struct statedir *dir, struct stored *s, struct stored *seen)
{
	struct record *r;

	cr_assert_eq(statedir_open(dir), 0);
	cr_assert_eq(store_create(dir, &terms, NETNS, s), 0);
	r = s->record;
	r->magic = r->end = RECORD_MAGIC;
	r->version = RECORD_VERSION;
	r->size = sizeof(struct record);
	cr_assert_eq(store_publish(dir, s), 0);
	store_map(dir, s->name, STORE_READ, seen);
	cr_assert_eq(seen->error, 0);
}

/* All that a program of the lease could do to what is told of it. */
static void
scribble(struct record *r)
{
	r->terms.nports = r->terms.nown = UINT32_MAX;
	memset(r->terms.ports, 1, sizeof(r->terms.ports));
	memset(r->identity.line, 'x', sizeof(r->identity.line));
	memset(r->images, 0x42, sizeof(r->images));
	memset(r->bound, 0x42, sizeof(r->bound));
	memset(r->connected, 0x42, sizeof(r->connected));
	memset(r->events, 0x42, sizeof(r->events));
	r->counts.events = UINT64_MAX;
}

/* What is printed, in text of at most size bytes. */
static void
shown(const struct view *v, const struct format *report, char *text, size_t n)
{
	FILE *out = tmpfile();
	size_t len;

	cr_assert_not_null(out);
	(void)fflush(stdout);
	cr_assert_neq(dup2(fileno(out), STDOUT_FILENO), -1);
	report->list(v, 1);
	report->detail(v);
	(void)fflush(stdout);
	rewind(out);
	len = fread(text, 1, n - 1, out);
	text[len] = '\0';
	fclose(out);
}

Test(report, what_is_lost_or_uncovered_is_counted, .init = top_make,
    .fini = top_remove)
{
	static char text[1 << 16];
	struct statedir dir;
	struct stored s, seen;
	struct view v;

	publish(&dir, &s, &seen);
	view_make(&v, &seen, true);
	shown(&v, &format_text, text, sizeof(text));
	cr_expect_null(strstr(text, "lost"), "%s", text);
	s.record->counts.uncovered = 3;
	s.record->counts.images = 1;
	s.record->counts.bindings = 4;
	shown(&v, &format_text, text, sizeof(text));
	cr_expect_not_null(strstr(text, "uncovered  3\n"), "%s", text);
	cr_expect_not_null(
	    strstr(text, "lost       1 programs, 4 sockets\n"), "%s", text);
	shown(&v, &format_json, text, sizeof(text));
	cr_expect_not_null(strstr(text, "\"uncovered\": 3"), "%s", text);
	cr_expect_not_null(strstr(text, "\"lost_images\": 1"), "%s", text);
	cr_expect_not_null(strstr(text, "\"lost_ways\": 4"), "%s", text);
	view_free(&v);
	store_unmap(&seen);
	store_unmap(&s);
	close(dir.fd);
}

/* A listener in the lease, so that its ports are looked up, too. */
static int
listener(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(IP) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	cr_assert_eq(listen(fd, 1), 0);
	return fd;
}

Test(report, is_bounded_whatever_is_written_meanwhile, .init = top_make,
    .fini = top_remove)
{
	static char text[1 << 20];
	struct statedir dir;
	struct stored s, seen;
	struct view v;
	int fd = listener();

	publish(&dir, &s, &seen);
	scribble(s.record);
	view_make(&v, &seen, true);
	shown(&v, &format_text, text, sizeof(text));
	cr_expect_not_null(strstr(text, " 80\n"), "%s", text);
	cr_expect_not_null(strstr(text, "adopted"), "%s", text);
	shown(&v, &format_json, text, sizeof(text));
	cr_expect_not_null(strstr(text, "\"ports\""), "%s", text);
	cr_expect_null(strstr(text, "257"), "%s", text);
	view_free(&v);
	store_unmap(&seen);
	store_unmap(&s);
	close(fd);
	close(dir.fd);
}

Test(report, what_exec_passes_on_is_what_was_judged, .init = top_make,
    .fini = top_remove)
{
	struct statedir dir;
	struct stored s, seen;
	static struct ipc_start go;

	publish(&dir, &s, &seen);
	scribble(s.record);
	cr_expect_eq(ipc_fill_start(&go, &seen.terms, seen.path), 0);
	cr_expect_str_eq(go.terms, "1;127.77.83.1;adopt;80;;");
	errno = 0;
	cr_expect_eq(ipc_fill_start(&go, &s.record->terms, seen.path), -1);
	cr_expect_eq(errno, E2BIG);
	store_unmap(&seen);
	store_unmap(&s);
	close(dir.fd);
}
