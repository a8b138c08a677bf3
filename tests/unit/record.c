/* SPDX-License-Identifier: ISC */
/* What is written to a record is found again; what does not fit is counted. */
#include "lease/record.h"
#include "lease/terms.h"

#include <criterion/criterion.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct record *
new_record(void)
{
	struct record *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(r, MAP_FAILED);
	r->magic = r->end = RECORD_MAGIC;
	r->version = RECORD_VERSION;
	r->size = sizeof(*r);
	cr_assert(terms_parse(&r->terms, "1;127.80.3.1;slice;9925;;"));
	return r;
}

static struct sockcall
bound_by(uint64_t cookie, uint32_t asked, uint16_t port)
{
	return (struct sockcall){ .protocol = IPPROTO_TCP,
		.cookie = cookie,
		.when = cookie,
		.asked = endpoint_of(AF_INET, asked, port),
		.given = endpoint_of(AF_INET, 0x7f500301, port) };
}

static enum lookup
find(struct record *r, uint16_t port, uint64_t cookie, struct sockcall *call)
{
	struct endpoint given = endpoint_of(AF_INET, 0x7f500301, port);

	return record_find(r, &given, IPPROTO_TCP, cookie, call);
}

Test(record, only_a_whole_one_is_valid)
{
	struct record *r = new_record();

	cr_expect(record_valid(r, sizeof(*r)));
	cr_expect_not(record_valid(r, sizeof(*r) - 1));
	r->version++;
	cr_expect_not(record_valid(r, sizeof(*r)));
	r->version--, r->end = 0;
	cr_expect_not(record_valid(r, sizeof(*r)));
	r->end = RECORD_MAGIC, r->terms.nports = 1000;
	cr_expect_not(record_valid(r, sizeof(*r)));
}

Test(record, a_bound_socket_is_found)
{
	struct record *r = new_record();
	struct sockcall call = bound_by(7, INADDR_ANY, 9925), found;
	struct endpoint other = endpoint_of(AF_INET, 0x7f500302, 9925);

	cr_expect_eq(find(r, 9925, 0, &found), LOOKUP_NONE);
	record_bound(r, &call, false);
	cr_expect_eq(find(r, 9925, 0, &found), LOOKUP_ONE);
	cr_expect_eq(found.cookie, 7);
	cr_expect(endpoint_equal(&found.asked, &call.asked));
	cr_expect_eq(find(r, 9926, 0, &found), LOOKUP_NONE);
	cr_expect_eq(
	    record_find(r, &other, IPPROTO_TCP, 0, &found), LOOKUP_NONE);
	cr_expect_eq(
	    record_find(r, &call.given, IPPROTO_UDP, 0, &found), LOOKUP_NONE);
	cr_expect_eq(record_find(r, &call.given, 0, 0, &found), LOOKUP_ONE);
}

Test(record, the_cookie_tells_sharers_apart)
{
	struct record *r = new_record();
	struct sockcall a = bound_by(7, INADDR_ANY, 9925);
	struct sockcall b = bound_by(8, INADDR_LOOPBACK, 9925), found;

	record_bound(r, &a, false);
	record_bound(r, &b, false);
	cr_expect_eq(find(r, 9925, 0, &found), LOOKUP_AMBIGUOUS);
	cr_expect_eq(found.cookie, 8, "the newest stands for many");
	cr_expect_eq(find(r, 9925, 7, &found), LOOKUP_ONE);
	cr_expect(endpoint_equal(&found.asked, &a.asked));
	cr_expect_eq(find(r, 9925, 9, &found), LOOKUP_AMBIGUOUS);
}

Test(record, sockets_with_the_same_names_share_a_slot)
{
	struct record *r = new_record();
	struct sockcall found;

	for (uint64_t i = 1; i <= 10 * (uint64_t)RECORD_BOUND; i++) {
		struct sockcall call = bound_by(i, INADDR_ANY, 9925);

		record_bound(r, &call, false);
	}
	cr_expect_eq(find(r, 9925, 0, &found), LOOKUP_ONE);
	cr_expect_eq(found.cookie, 10 * (uint64_t)RECORD_BOUND);
	cr_expect_eq(r->counts.bindings, 0);
}

Test(record, an_exclusive_bind_ends_what_was_there)
{
	struct record *r = new_record();
	struct sockcall a = bound_by(7, INADDR_ANY, 9925);
	struct sockcall b = bound_by(8, INADDR_LOOPBACK, 9925), found;

	record_bound(r, &a, false);
	record_bound(r, &b, true);
	cr_expect_eq(find(r, 9925, 0, &found), LOOKUP_ONE);
	cr_expect_eq(found.cookie, 8);
	record_bound(r, &a, true);
	cr_expect_eq(find(r, 9925, 0, &found), LOOKUP_ONE);
	cr_expect_eq(found.cookie, 7);
}

/* The first 64 fit. */
static uint32_t
crowd(struct record *r, uint32_t n)
{
	uint32_t refused = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct sockcall call =
		    bound_by(i + 1, INADDR_LOOPBACK + i, 9925);

		refused += !record_bound(r, &call, false);
	}
	return refused;
}

static bool
even(const struct sockcall *call)
{
	return call->cookie % 2 == 0;
}

Test(record, bindings_that_do_not_fit_are_refused)
{
	cr_expect_eq(crowd(new_record(), 100), 100 - 64);
}

Test(record, a_full_table_makes_room_and_leaves_what_is_taken)
{
	struct record *r = new_record();
	struct sockcall call = bound_by(1000, INADDR_ANY, 9925), found;

	crowd(r, 64);
	cr_expect_not(record_bound(r, &call, false));
	cr_expect(record_displace(r, &call, even));
	cr_expect_eq(find(r, 9925, 1000, &found), LOOKUP_ONE);
	for (uint64_t cookie = 1; cookie <= 64; cookie++)
		if (find(r, 9925, cookie, &found) == LOOKUP_ONE)
			cr_expect_eq(found.cookie % 2, 0);
	cr_expect_eq(find(r, 9925, 64, &found), LOOKUP_ONE);
	cr_expect_neq(find(r, 9925, 63, &found), LOOKUP_ONE);
	call.cookie++;
	cr_expect(record_bound(r, &call, false));
}

Test(record, many_ports_find_room)
{
	struct record *r = new_record();
	struct sockcall found;

	for (uint16_t port = 1; port <= RECORD_BOUND / 2; port++) {
		struct sockcall call = bound_by(port, INADDR_ANY, port);

		record_bound(r, &call, false);
	}
	cr_expect_eq(r->counts.bindings, 0);
	for (uint16_t port = 1; port <= RECORD_BOUND / 2; port++) {
		cr_expect_eq(find(r, port, 0, &found), LOOKUP_ONE);
		cr_expect_eq(found.cookie, port);
	}
}

Test(record, a_connected_socket_is_found_by_its_cookie)
{
	struct record *r = new_record();
	struct sockcall call, found;

	for (uint64_t i = 1; i <= 100; i++) {
		call = bound_by(1000 + i, (uint32_t)i, 9925);
		record_connected(r, &call);
	}
	cr_expect_eq(r->counts.connected, 100);
	cr_expect(record_find_connected(r, 1042, &found));
	cr_expect_eq(endpoint_ip4(&found.asked), 42);
	cr_expect_not(record_find_connected(r, 999, &found));
	call = bound_by(1042, 43, 9925);
	record_connected(r, &call);
	cr_expect(record_find_connected(r, 1042, &found));
	cr_expect_eq(endpoint_ip4(&found.asked), 43);
}

Test(record, a_connection_is_renewed_where_it_is)
{
	struct record *r = new_record();
	struct sockcall older = bound_by(1000, 1, 9925),
			call = bound_by(1001, 2, 9925);
	struct sockcall found;

	older.cookie += 256; /* another one in the first of the two's slots */
	older.when = 5000;
	record_connected(r, &older);
	call.cookie = older.cookie - 256;
	call.when = 6000;
	record_connected(r, &call);
	call.when = 7000;
	call.asked.port = 9926;
	record_connected(r, &call);
	cr_expect(record_find_connected(r, call.cookie, &found));
	cr_expect_eq(found.asked.port, 9926);
	cr_expect(record_find_connected(r, older.cookie, &found));
}

Test(record, the_oldest_connection_gives_way)
{
	struct record *r = new_record();
	struct sockcall call, found;
	uint64_t n;

	for (n = 1; n <= 4 * RECORD_CONNECTED; n++) {
		call = bound_by(n, (uint32_t)n, 9925);
		record_connected(r, &call);
	}
	cr_expect(record_find_connected(r, n - 1, &found));
	cr_expect_not(record_find_connected(r, 1, &found));
	cr_expect_eq(r->counts.bindings, 0);
}

Test(record, an_image_keeps_its_slot)
{
	struct record *r = new_record();
	struct image image = { .pid = getpid(), .start = 5, .pidns = 9 };
	uint16_t n = record_image(r, &image);

	cr_assert_lt(n, RECORD_IMAGES);
	image.flags = IMAGE_ENTERED;
	strcpy(image.path, "/usr/bin/node");
	cr_expect_eq(record_image(r, &image), n);
	cr_expect_eq(r->images[n].flags, IMAGE_ENTERED);
	cr_expect_str_eq(r->images[n].path, "/usr/bin/node");
	image.start = 6;
	cr_expect_neq(record_image(r, &image), n);
}

/* Images of a namespace that cannot be asked are never taken over. */
Test(record, images_that_do_not_fit_are_counted)
{
	struct record *r = new_record();
	struct image image = { .pid = 1, .pidns = 9 };

	for (uint32_t i = 0; i < RECORD_IMAGES; i++) {
		image.start = i + 1;
		cr_expect_lt(record_image(r, &image), RECORD_IMAGES);
	}
	cr_expect_eq(r->counts.images, 0);
	image.start = 1;
	cr_expect_lt(record_image(r, &image), RECORD_IMAGES,
	    "one that is there is found, far as it may be");
	image.pid = 2, image.pidns = 8;
	cr_expect_eq(record_image(r, &image), RECORD_IMAGES);
	cr_expect_eq(r->counts.images, 1);
}

static int32_t
dead_pid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	return pid;
}

Test(record, the_dead_make_room)
{
	struct record *r = new_record();
	struct image image = { .pid = dead_pid(), .pidns = 9 };

	for (uint32_t i = 0; i < 2 * RECORD_IMAGES; i++) {
		image.start = i + 1;
		cr_expect_lt(record_image(r, &image), RECORD_IMAGES);
	}
	cr_expect_eq(r->counts.images, 0);
}

Test(record, the_ring_keeps_the_last)
{
	struct record *r = new_record();
	struct sockcall entry = { .call = EVENT_BIND }, found;

	for (uint64_t i = 0; i < RECORD_EVENTS + 10; i++) {
		entry.cookie = i;
		record_event(r, &entry);
	}
	cr_expect_eq(r->counts.events, RECORD_EVENTS + 10);
	cr_expect_not(record_read_event(r, 9, &found));
	cr_expect(record_read_event(r, 10, &found));
	cr_expect_eq(found.cookie, 10);
	cr_expect(record_read_event(r, RECORD_EVENTS + 9, &found));
	cr_expect_eq(found.cookie, RECORD_EVENTS + 9);
	cr_expect_not(record_read_event(r, RECORD_EVENTS + 10, &found));
}

/* A writer is at place 3, killed or slow, and one was overtaken at 5. */
Test(record, the_ring_passes_over_a_slot_that_is_being_written)
{
	struct record *r = new_record();
	struct sockcall entry = { .call = EVENT_BIND }, found;

	r->events[3].seq = 7;
	r->events[5].seq = 2 * (5 + RECORD_EVENTS) + 2;
	for (uint64_t i = 0; i < 6; i++) {
		entry.cookie = i;
		record_event(r, &entry);
	}
	cr_expect_eq(r->counts.events, 8);
	cr_expect_eq(record_event_count(r), 6);
	cr_expect_not(record_read_event(r, 3, &found));
	cr_expect_not(record_read_event(r, 5, &found));
	cr_expect(record_read_event(r, 4, &found));
	cr_expect_eq(found.cookie, 3);
	cr_expect(record_read_event(r, 7, &found));
	cr_expect_eq(found.cookie, 5);
	/* What came late is found at its place by the next round. */
	r->events[3].seq = 8;
	r->counts.events = RECORD_EVENTS + 4;
	cr_expect(record_read_event(r, RECORD_EVENTS + 3, &found));
}

Test(record, an_unfinished_slot_is_neither_read_nor_waited_for)
{
	struct record *r = new_record();
	struct sockcall call = bound_by(7, INADDR_ANY, 9925), found;

	record_bound(r, &call, false);
	for (size_t i = 0; i < RECORD_BOUND; i++)
		if (r->bound[i].seq == 4)
			r->bound[i].seq = 5; /* killed while writing */
	cr_expect_eq(find(r, 9925, 0, &found), LOOKUP_NONE);
	record_bound(r, &call, false);
	cr_expect_eq(find(r, 9925, 0, &found), LOOKUP_ONE);
}

Test(record, a_binding_that_is_being_renewed_can_be_read)
{
	struct record *r = new_record();
	struct sockcall call = bound_by(7, INADDR_ANY, 9925), found;

	record_bound(r, &call, false);
	for (size_t i = 0; i < RECORD_BOUND; i++)
		if (r->bound[i].seq == 4)
			r->bound[i].seq = 7; /* killed while renewing */
	cr_expect_eq(find(r, 9925, 0, &found), LOOKUP_ONE);
	cr_expect(endpoint_equal(&found.asked, &call.asked));
	call.cookie = 8;
	record_bound(r, &call, false);
	cr_expect_eq(find(r, 9925, 8, &found), LOOKUP_ONE);
}

static void *
bind_many(void *arg)
{
	struct record *r = arg;

	for (uint64_t i = 1; i <= 20000; i++) {
		bool any = i & 8;
		struct sockcall call = bound_by(i,
		    any ? INADDR_ANY : INADDR_LOOPBACK, (uint16_t)(1 + i % 8));
		struct sockcall entry = { .cookie = i, .when = i };

		call.v6only = any; /* goes with what is asked */
		record_bound(r, &call, (i & 64) != 0);
		record_event(r, &entry);
	}
	return NULL;
}

Test(record, writers_do_not_disturb_each_other)
{
	struct record *r = new_record();
	struct endpoint any = endpoint_of(AF_INET, INADDR_ANY, 3);
	struct sockcall call;
	struct sockcall entry;
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		cr_assert_eq(
		    pthread_create(&threads[i], NULL, bind_many, r), 0);
	for (int i = 0; i < 20000; i++)
		if (find(r, 3, 0, &call) != LOOKUP_NONE)
			cr_assert_eq(call.v6only,
			    endpoint_equal(&call.asked, &any),
			    "a torn binding");
	for (int i = 0; i < 3; i++)
		(void)pthread_join(threads[i], NULL);
	cr_expect_eq(record_event_count(r), 60000);
	for (uint64_t i = 1; i <= RECORD_EVENTS; i++) {
		cr_assert(record_read_event(r, r->counts.events - i, &entry));
		cr_expect_eq(entry.cookie, entry.when, "a torn event");
	}
}

Test(record, a_listen_wakes_its_waiters, .timeout = 10)
{
	struct record *r = new_record();
	uint32_t seen = r->listens;
	pid_t pid;
	int status;

	r->waiters = 1;
	pid = fork();
	if (pid == 0) {
		while (r->listens == seen)
			(void)syscall(SYS_futex, &r->listens, FUTEX_WAIT, seen,
			    NULL, NULL, 0);
		_exit(0);
	}
	record_listening(r);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect(WIFEXITED(status));
	cr_expect_eq(r->listens, seen + 1);
}
