/* SPDX-License-Identifier: ISC */
/* The address plan, row by row: asked becomes given, and back. */
#include "lease/slice.h"
#include "lease/terms.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char slice[] =
    "1;127.80.3.1;slice;1883,9925-9927;10.0.0.5,fd00::5;";
static const char adopt[] = "1;127.0.0.5;adopt;1883,9925-9927;10.0.0.5;";

static struct terms
terms(const char *text)
{
	struct terms t;

	cr_assert(terms_parse(&t, text), "%s", text);
	return t;
}

/* An address with a colon is AF_INET6. */
static struct endpoint
end(const char *host, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct endpoint ep;

	in.sin_port = in6.sin6_port = htons(port);
	if (strchr(host, ':') != NULL) {
		cr_assert_eq(inet_pton(AF_INET6, host, &in6.sin6_addr), 1);
		cr_assert(
		    endpoint_read(&ep, (struct sockaddr *)&in6, sizeof(in6)));
	} else {
		cr_assert_eq(inet_pton(AF_INET, host, &in.sin_addr), 1);
		cr_assert(
		    endpoint_read(&ep, (struct sockaddr *)&in, sizeof(in)));
	}
	return ep;
}

static void
expect_end(const struct endpoint *got, const char *host, uint16_t port,
    const char *row)
{
	struct endpoint want = end(host, port);
	char text[INET6_ADDRSTRLEN];

	cr_expect(endpoint_equal(got, &want), "%s: got %s port %u family %d",
	    row, inet_ntop(AF_INET6, &got->addr, text, sizeof(text)), got->port,
	    got->family);
}

enum { V6ONLY = 1, UDP = 2 };

static const struct placed {
	const char *terms, *asked;
	uint16_t port;
	int flags;
	enum placing placing;
	const char *given;
} placed[] = {
	{ slice, "127.0.0.1", 9925, 0, PLACE_EXACT, "127.80.3.1" },
	{ slice, "127.0.0.1", 80, 0, PLACE_EXACT, "127.80.3.1" },
	{ slice, "127.0.0.1", 0, 0, PLACE_EXACT, "127.80.3.1" },
	{ slice, "0.0.0.0", 9925, 0, PLACE_KEPT, "127.80.3.1" },
	{ slice, "0.0.0.0", 0, 0, PLACE_KEPT, "127.80.3.1" },
	{ slice, "0.0.0.0", 0, UDP, PLACE_PASS, "0.0.0.0" },
	{ slice, "0.0.0.0", 53, UDP, PLACE_KEPT, "127.80.3.1" },
	{ slice, "::", 0, UDP, PLACE_PASS, "::" },
	{ slice, "::", 9925, 0, PLACE_KEPT, "::ffff:127.80.3.1" },
	{ slice, "::", 9925, V6ONLY, PLACE_KEPT, "::ffff:127.80.3.254" },
	{ slice, "::1", 9925, 0, PLACE_EXACT, "::ffff:127.80.3.254" },
	{ slice, "::1", 9925, V6ONLY, PLACE_EXACT, "::ffff:127.80.3.254" },
	{ slice, "::ffff:127.0.0.1", 1, 0, PLACE_EXACT, "::ffff:127.80.3.1" },
	{ slice, "::ffff:0.0.0.0", 1, 0, PLACE_KEPT, "::ffff:127.80.3.1" },
	{ slice, "127.0.0.7", 9925, 0, PLACE_EXACT, "127.80.3.7" },
	{ slice, "127.0.0.254", 1, 0, PLACE_KEPT, "127.80.3.254" },
	{ slice, "127.0.1.1", 9925, 0, PLACE_EXACT, "127.80.3.253" },
	{ slice, "127.0.2.1", 80, 0, PLACE_PASS, "127.0.2.1" },
	{ slice, "127.0.2.1", 9925, 0, PLACE_OUTSIDE, "127.0.2.1" },
	{ slice, "127.80.3.1", 9925, 0, PLACE_KEPT, "127.80.3.1" },
	{ slice, "127.80.3.9", 80, 0, PLACE_KEPT, "127.80.3.9" },
	{ slice, "127.80.4.1", 9925, 0, PLACE_OUTSIDE, "127.80.4.1" },
	{ slice, "10.0.0.5", 9925, 0, PLACE_KEPT, "127.80.3.1" },
	{ slice, "10.0.0.5", 80, 0, PLACE_PASS, "10.0.0.5" },
	{ slice, "fd00::5", 9925, 0, PLACE_KEPT, "::ffff:127.80.3.1" },
	{ slice, "fd00::6", 9925, 0, PLACE_OUTSIDE, "fd00::6" },
	{ slice, "192.0.2.1", 80, 0, PLACE_PASS, "192.0.2.1" },
	{ slice, "192.0.2.1", 9925, 0, PLACE_OUTSIDE, "192.0.2.1" },
	{ adopt, "127.0.0.1", 80, 0, PLACE_KEPT, "127.0.0.5" },
	{ adopt, "0.0.0.0", 9925, 0, PLACE_KEPT, "127.0.0.5" },
	{ adopt, "::", 9925, 0, PLACE_KEPT, "::ffff:127.0.0.5" },
	{ adopt, "::1", 9925, 0, PLACE_KEPT, "::ffff:127.0.0.5" },
	{ adopt, "127.0.0.5", 9925, 0, PLACE_EXACT, "127.0.0.5" },
	{ adopt, "127.0.0.7", 9925, 0, PLACE_PASS, "127.0.0.7" },
	{ adopt, "10.0.0.5", 9925, 0, PLACE_PASS, "10.0.0.5" },
	{ adopt, "127.0.1.1", 9925, 0, PLACE_PASS, "127.0.1.1" },
};

Test(slice, a_bind_goes_where_the_plan_says)
{
	for (size_t i = 0; i < sizeof(placed) / sizeof(*placed); i++) {
		const struct placed *row = &placed[i];
		struct terms t = terms(row->terms);
		struct endpoint asked = end(row->asked, row->port), given;
		struct sock_kind sock = { row->flags & V6ONLY,
			row->flags & UDP };

		cr_expect_eq(slice_bind(&t, &asked, sock, &given), row->placing,
		    "%s", row->asked);
		expect_end(&given, row->given, row->port, row->asked);
	}
}

static const struct reached {
	const char *terms, *asked;
	const char *places[2];
	const char *source; /* NULL: the kernel's choice */
} reached[] = {
	{ slice, "127.0.0.1", { "127.80.3.1" }, NULL },
	{ slice, "0.0.0.0", { "127.80.3.1" }, NULL },
	{ slice, "127.0.0.7", { "127.80.3.7", "127.80.3.1" }, NULL },
	{ slice, "127.0.1.1", { "127.80.3.253", "127.80.3.1" }, NULL },
	{ slice, "::1", { "::ffff:127.80.3.254", "::ffff:127.80.3.1" },
	    "::ffff:127.80.3.254" },
	{ slice, "::", { "::ffff:127.80.3.254", "::ffff:127.80.3.1" },
	    "::ffff:127.80.3.254" },
	{ slice, "::ffff:127.0.0.1", { "::ffff:127.80.3.1" }, NULL },
	{ slice, "127.80.3.9", { "127.80.3.9" }, NULL },
	{ slice, "10.0.0.5", { "127.80.3.1" }, NULL },
	{ slice, "192.0.2.1", { NULL }, NULL },
	{ slice, "127.80.4.1", { NULL }, NULL },
	{ adopt, "127.0.0.1", { "127.0.0.5" }, NULL },
	{ adopt, "::1", { "::ffff:127.0.0.5" }, NULL },
	{ adopt, "127.0.0.7", { NULL }, NULL },
	{ adopt, "10.0.0.5", { NULL }, NULL },
};

Test(slice, a_client_reaches_its_own_lease)
{
	for (size_t i = 0; i < sizeof(reached) / sizeof(*reached); i++) {
		const struct reached *row = &reached[i];
		struct terms t = terms(row->terms);
		struct endpoint asked = end(row->asked, 9925);
		struct endpoint places[2], source;
		size_t n = slice_reach(&t, &asked, places), want = 0;

		while (want < 2 && row->places[want] != NULL)
			want++;
		cr_expect_eq(n, want, "%s: %zu places", row->asked, n);
		for (size_t k = 0; k < n && k < want; k++)
			expect_end(
			    &places[k], row->places[k], 9925, row->asked);
		cr_expect_eq(slice_source(&t, &asked, &source),
		    row->source != NULL, "%s", row->asked);
		if (row->source != NULL)
			expect_end(&source, row->source, 0, row->asked);
	}
}

static const struct way_back {
	const char *terms, *end, *other, *asked;
} ways_back[] = {
	{ slice, "127.80.3.1", NULL, "127.0.0.1" },
	{ slice, "127.80.3.7", NULL, "127.0.0.7" },
	{ slice, "127.80.3.253", NULL, "127.0.1.1" },
	{ slice, "::ffff:127.80.3.1", NULL, "::ffff:127.0.0.1" },
	{ slice, "::ffff:127.80.3.254", NULL, "::1" },
	{ slice, "::ffff:127.80.3.1", "::ffff:127.80.3.254", "::1" },
	{ slice, "::ffff:127.80.3.1", "::ffff:127.80.3.1", "::ffff:127.0.0.1" },
	{ slice, "127.0.0.1", NULL, "127.0.0.1" },
	{ slice, "127.80.4.1", NULL, "127.80.4.1" },
	{ slice, "2001:db8::1", NULL, "2001:db8::1" },
	{ adopt, "127.0.0.5", NULL, "127.0.0.5" },
	{ adopt, "::ffff:127.0.0.5", NULL, "::ffff:127.0.0.5" },
};

Test(slice, the_way_back_shows_the_native_name)
{
	for (size_t i = 0; i < sizeof(ways_back) / sizeof(*ways_back); i++) {
		const struct way_back *row = &ways_back[i];
		struct terms t = terms(row->terms);
		struct endpoint given = end(row->end, 4000), other, asked;

		if (row->other != NULL)
			other = end(row->other, 5000);
		asked =
		    slice_asked(&t, &given, row->other != NULL ? &other : NULL);
		expect_end(&asked, row->asked, 4000, row->end);
	}
}

static const struct answer {
	const char *bound, *asked;
	bool answers;
} answers[] = {
	{ "0.0.0.0", "127.0.0.7", true },
	{ "::", "127.0.0.7", true },
	{ "::", "::1", true },
	{ "0.0.0.0", "::1", false },
	{ "0.0.0.0", "::ffff:127.0.0.7", true },
	{ "127.0.0.1", "127.0.0.7", false },
	{ "::1", "::1", false },
};

Test(slice, only_a_wildcard_answers_for_its_neighbours)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		struct endpoint bound = end(answers[i].bound, 1);
		struct endpoint asked = end(answers[i].asked, 1);

		cr_expect_eq(slice_answers(&bound, &asked), answers[i].answers,
		    "%s for %s", answers[i].bound, answers[i].asked);
	}
}

/* The lengths at which the kernel starts to accept a name. */
static const struct length {
	sa_family_t family;
	socklen_t len;
	bool reads;
} lengths[] = {
	{ AF_INET, 0, false },
	{ AF_INET, 15, false },
	{ AF_INET, 16, true },
	{ AF_INET, 100, true },
	{ AF_INET6, 16, false },
	{ AF_INET6, 23, false },
	{ AF_INET6, 24, true },
	{ AF_INET6, 28, true },
	{ AF_UNIX, 28, false },
	{ AF_UNSPEC, 16, false },
};

Test(slice, incomplete_names_are_not_read)
{
	struct sockaddr_storage ss = { 0 };
	struct endpoint ep;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		ss.ss_family = lengths[i].family;
		cr_expect_eq(
		    endpoint_read(&ep, (struct sockaddr *)&ss, lengths[i].len),
		    lengths[i].reads, "family %d length %u", ss.ss_family,
		    lengths[i].len);
	}
	cr_expect_not(endpoint_read(&ep, NULL, 16));
}

Test(slice, a_name_that_does_not_fit_is_cut)
{
	struct endpoint ep = end("127.0.0.1", 9925);
	unsigned char buf[16];
	socklen_t len = 4;

	memset(buf, 0xee, sizeof(buf));
	len = endpoint_write(&ep, buf, len);
	cr_expect_eq(len, sizeof(struct sockaddr_in));
	cr_expect_eq(buf[3], 9925 & 0xff);
	cr_expect_eq(buf[4], 0xee);
}

Test(slice, every_address_comes_back)
{
	struct terms t = terms(slice);
	struct sock_kind sock = { 0 };

	for (uint32_t host = 1; host < HOST_HOSTNAME; host++) {
		struct endpoint asked =
		    endpoint_of(AF_INET, 0x7f000000 | host, 9925);
		struct endpoint given, back;

		(void)slice_bind(&t, &asked, sock, &given);
		cr_expect(slice_contains(&t, &given));
		back = slice_asked(&t, &given, NULL);
		cr_expect(endpoint_equal(&back, &asked), "host %u", host);
	}
}
