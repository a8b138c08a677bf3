/* SPDX-License-Identifier: ISC */
/*
 * Whoever opens a socket is the one that the record says: with a thousand
 * children in the same memory, and with eight threads at once.
 */
#include "story.h"

#include "lease/record.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

STORIES(attribution);

static const struct record *
record_of(const char *ip)
{
	struct run *show = RUN(PORTLEASE, "show", "--json", ip);
	const char *found = strstr(show->out, "\"record\": \"");
	char path[256];
	const struct record *r;
	int fd;

	cr_assert_not_null(found, "%s%s", show->out, show->err);
	cr_assert_eq(sscanf(found, "\"record\": \"%255[^\"]", path), 1);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert_neq(fd, -1, "%s", path);
	r = mmap(NULL, sizeof(*r), PROT_READ, MAP_SHARED, fd, 0);
	cr_assert_neq(r, MAP_FAILED);
	close(fd);
	return r;
}

/* All opens that the ring still has are whole, and by this process. */
static void
expect_opens(const struct record *r, long pid, uint64_t opens)
{
	uint64_t n = r->counts.events, last, known = record_event_count(r);
	struct sockcall o;

	cr_expect_eq(known, opens, "%lu opens", (unsigned long)known);
	last = n > RECORD_EVENTS ? n - RECORD_EVENTS : 0;
	while (n-- > last) {
		cr_assert(
		    record_read_event(r, n, &o), "open %lu", (unsigned long)n);
		cr_assert_eq(o.pid, pid);
		cr_assert_neq(o.cookie, 0);
		cr_assert_eq(r->images[o.image].pid, pid);
		cr_assert_not_null(strstr(r->images[o.image].path, "/guests/"),
		    "%s", r->images[o.image].path);
	}
	cr_expect_eq(r->counts.images, 0);
	cr_expect_eq(r->counts.bindings, 0);
	cr_expect_eq(r->counts.outside, 0);
}

Test(attribution, a_thousand_children_in_the_same_memory_change_nothing)
{
	struct run *r =
	    START(PORTLEASE, "run", TELL_IP, GUEST("breeder"), "9926", "1000");
	const char *ip = story_ip(r);

	story_says(r, "listening at 0.0.0.0");
	story_says(r, "client at 127.0.0.1");
	story_says(r, "accepted at 127.0.0.1");
	expect_opens(
	    record_of(ip), story_number(story_says(r, "ready"), "pid "), 3);
	story_tell(r, "\n");
	cr_expect_eq(story_end(r), 0, "%s", r->err);
}

static void
crowded(const char *guest, const char *milliseconds)
{
	struct run *r = START(PORTLEASE, "run", TELL_IP, guest, milliseconds);
	const char *ip = story_ip(r), *line;
	long binds, connects, accepts;

	line = story_says(r, "binds ");
	binds = story_number(line, "binds ");
	connects = story_number(line, "connects ");
	accepts = story_number(line, "accepts ");
	cr_expect_gt(accepts, 0);
	cr_expect_eq(story_number(line, "wrong "), 0, "%s", line);
	cr_expect_eq(story_number(line, "failed "), 0, "%s", line);
	expect_opens(record_of(ip),
	    story_number(story_says(r, "ready"), "pid "),
	    (uint64_t)(binds + connects + accepts));
	story_tell(r, "\n");
	cr_expect_eq(story_end(r), 0, "%s", r->err);
	cr_expect_null(strstr(r->err, "ThreadSanitizer"), "%s", r->err);
}

Test(attribution, eight_threads_lose_no_socket)
{
	crowded(GUEST("crowd"), "1500");
}

/* The sanitizer may not know this kernel's layout of memory. */
Test(attribution, eight_threads_race_with_nobody)
{
	struct run *r = RUN(GUEST("tsan-crowd"), "1");

	if (r->status != 0)
		story_skip(
		    "the thread sanitizer does not run here: %s", r->err);
	crowded(GUEST("tsan-crowd"), "10000");
}
