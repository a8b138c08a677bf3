/* SPDX-License-Identifier: ISC */
/* A record is untrusted: what is true is found, what is senseless is not. */
#include "store/recquery.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct record *
new_record(void)
{
	struct record *r = calloc(1, sizeof(*r));

	cr_assert_not_null(r);
	return r;
}

static struct sockcall
bound_by(uint64_t cookie, int32_t pid)
{
	return (struct sockcall){ .call = EVENT_BIND,
		.protocol = IPPROTO_TCP,
		.pid = pid,
		.image = RECORD_IMAGES,
		.cookie = cookie,
		.asked = endpoint_of(AF_INET, INADDR_ANY, 9925),
		.given = endpoint_of(AF_INET, 0x7f500301, 9925) };
}

Test(ledger, a_bound_socket_has_an_opener)
{
	struct record *r = new_record();
	struct image image = { .pid = 77, .start = 5, .path = "/usr/bin/node" };
	struct sockcall call = bound_by(42, 77);
	struct opener opener;

	call.image = record_image(r, &image);
	record_bound(r, &call, true);
	cr_assert(recquery_opener(r, 42, &opener));
	cr_expect_eq(opener.call, EVENT_BIND);
	cr_expect_eq(opener.pid, 77);
	cr_expect_str_eq(opener.path, "/usr/bin/node");
	cr_expect_eq(opener.asked.port, 9925);
	cr_expect_not(recquery_knows(r, 43));
	cr_expect_not(recquery_knows(r, 0));
	free(r);
}

Test(ledger, the_ring_forgets_the_oldest)
{
	struct record *r = new_record();
	struct sockcall entry = { .pid = 1, .call = EVENT_ACCEPT };

	for (uint64_t i = 1; i <= RECORD_EVENTS + 1; i++) {
		entry.cookie = i;
		record_event(r, &entry);
	}
	cr_expect_not(recquery_knows(r, 1));
	cr_expect(recquery_knows(r, 2));
	cr_expect(recquery_knows(r, RECORD_EVENTS + 1));
	free(r);
}

Test(ledger, garbage_is_no_evidence)
{
	struct record *r = new_record();
	struct opener opener;
	struct image image;

	memset(r, 0xa5, sizeof(*r));
	cr_expect_not(recquery_opener(r, 42, &opener));
	for (size_t i = 0; i < RECORD_IMAGES; i++)
		cr_expect_not(recquery_image(r, i, &image));
	/* Even turns, and a path without an end. */
	memset(r, 0x22, sizeof(*r));
	for (size_t i = 0; i < RECORD_IMAGES; i++)
		if (recquery_image(r, i, &image))
			cr_expect_lt(strlen(image.path), sizeof(image.path));
	cr_expect(!recquery_opener(r, 0x2222222222222222ULL, &opener) ||
		  strlen(opener.path) < sizeof(opener.path));
	free(r);
}

Test(ledger, names)
{
	cr_expect_str_eq(recquery_call(EVENT_BIND), "bind");
	cr_expect_str_eq(recquery_call(77), "unknown");
}
