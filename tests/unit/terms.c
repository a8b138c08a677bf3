/* SPDX-License-Identifier: ISC */
/* The text of the terms: what is written is read back, nothing else is. */
#include "lease/terms.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const struct row {
	const char *text;
	const char *normal; /* NULL: malformed */
} rows[] = {
	{ "1;127.80.3.1;slice;1883,9925-9927;10.0.0.5,fe80:0:0:0:0:0:0:1;",
	    "1;127.80.3.1;slice;1883,9925-9927;10.0.0.5,fe80:0:0:0:0:0:0:1;" },
	{ "1;127.80.3.1;slice;1883;::1;ts",
	    "1;127.80.3.1;slice;1883;0:0:0:0:0:0:0:1;ts" },
	{ "1;127.80.3.1;slice;9927,9925-9926;;st",
	    "1;127.80.3.1;slice;9925-9927;;ts" },
	{ "1;127.0.0.5;adopt;1;;", "1;127.0.0.5;adopt;1;;" },
	{ "", NULL },
	{ "2;127.80.3.1;slice;1;;", NULL },
	{ "1;127.80.3.2;slice;1;;", NULL }, /* no slice begins there */
	{ "1;10.0.0.1;adopt;1;;", NULL },
	{ "1;::1;adopt;1;;", NULL },
	{ "1;127.80.3.1;other;1;;", NULL },
	{ "1;127.80.3.1;slice;;;", NULL },
	{ "1;127.80.3.1;slice;0;;", NULL },
	{ "1;127.80.3.1;slice;65536;;", NULL },
	{ "1;127.80.3.1;slice;5-4;;", NULL },
	{ "1;127.80.3.1;slice;1,;;", NULL },
	{ "1;127.80.3.1;slice;1;x;", NULL },
	{ "1;127.80.3.1;slice;1;;q", NULL },
	{ "1;127.80.3.1;slice;1;", NULL },
	{ "1;127.80.3.1", NULL },
};

Test(terms, text_is_read_and_written)
{
	char text[TERMS_TEXT];
	struct terms t;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		bool read = terms_parse(&t, rows[i].text);

		cr_expect_eq(read, rows[i].normal != NULL, "%s", rows[i].text);
		if (!read || rows[i].normal == NULL)
			continue;
		cr_expect_eq(terms_format(&t, text, sizeof(text)),
		    strlen(rows[i].normal));
		cr_expect_str_eq(text, rows[i].normal);
	}
}

static const struct ports {
	const char *text;
	uint32_t n; /* ranges; 0: malformed */
	struct port_range first;
} ports[] = {
	{ "9925", 1, { 9925, 9925 } },
	{ "1-65535", 1, { 1, 65535 } },
	{ "9,7,8", 1, { 7, 9 } },
	{ "10-20,15-30,40", 2, { 10, 30 } },
	{ "5,5,5", 1, { 5, 5 } },
	{ "", 0, { 0 } },
	{ "0", 0, { 0 } },
	{ "0-5", 0, { 0 } },
	{ "1-", 0, { 0 } },
	{ "-1", 0, { 0 } },
	{ "1-70000", 0, { 0 } },
	{ "000001", 0, { 0 } },
	{ " 1", 0, { 0 } },
	{ "1 ", 0, { 0 } },
	{ "1;", 0, { 0 } },
	{ "http", 0, { 0 } },
};

Test(terms, port_lists_are_sorted_and_merged)
{
	struct terms t = { 0 };

	for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++) {
		bool read = terms_parse_ports(&t, ports[i].text);

		cr_expect_eq(read, ports[i].n > 0, "'%s'", ports[i].text);
		if (!read)
			continue;
		cr_expect_eq(t.nports, ports[i].n, "'%s'", ports[i].text);
		cr_expect_eq(t.ports[0].first, ports[i].first.first);
		cr_expect_eq(t.ports[0].last, ports[i].first.last);
	}
}

Test(terms, a_full_list_is_read_and_one_more_is_not)
{
	char text[8 * (TERMS_PORTS + 1)] = "";
	struct terms t;

	for (int i = 0; i < TERMS_PORTS; i++)
		(void)sprintf(
		    text + strlen(text), "%s%d", i > 0 ? "," : "", 2 * i + 1);
	cr_expect(terms_parse_ports(&t, text));
	cr_expect_eq(t.nports, TERMS_PORTS);
	strcat(text, ",9999");
	cr_expect_not(terms_parse_ports(&t, text));
}

Test(terms, the_longest_text_fits)
{
	struct terms t = { .leased = 0x7f7fff01,
		.flags = TERMS_TRAP | TERMS_SAID | TERMS_BYPASS,
		.nports = TERMS_PORTS,
		.nown = TERMS_OWN };
	char text[TERMS_TEXT];
	struct terms back;

	for (uint16_t i = 0; i < TERMS_PORTS; i++)
		t.ports[i] = (struct port_range){ (uint16_t)(10000 + 3 * i),
			(uint16_t)(10001 + 3 * i) };
	memset(t.own, 0xfd, sizeof(t.own));
	cr_assert_gt(terms_format(&t, text, sizeof(text)), 0);
	cr_assert(terms_parse(&back, text));
	cr_expect_arr_eq(&back, &t, sizeof(t));
	cr_expect_eq(terms_format(&t, text, 100), 0);
	cr_expect_eq(terms_format(&t, text, 0), 0);
}

Test(terms, terms_from_memory_are_not_believed)
{
	struct terms good = { .leased = 0x7f500301, .nports = 1 }, t;

	good.ports[0] = (struct port_range){ 1, 2 };
	cr_expect(terms_valid(&good));
	t = good, t.nports = TERMS_PORTS + 1;
	cr_expect_not(terms_valid(&t));
	t = good, t.nown = TERMS_OWN + 1;
	cr_expect_not(terms_valid(&t));
	t = good, t.leased = 0x0a000001;
	cr_expect_not(terms_valid(&t));
	t = good, t.ports[0].last = 0;
	cr_expect_not(terms_valid(&t));
	t = good, t.nports = 0;
	cr_expect_not(terms_valid(&t));
}
