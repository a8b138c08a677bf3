/* SPDX-License-Identifier: ISC */
/* What the small parsers take, and what they refuse. */
#include "base/parse.h"

#include <criterion/criterion.h>
#include <signal.h>

Test(parse, durations)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = { { "0s", 0 }, { "1ms", 1 }, { "30s", 30000 },
		{ "2m", 120000 }, { "1h", 3600000 }, { "", -1 }, { "s", -1 },
		{ "10", -1 }, { "-1s", -1 }, { "1.5s", -1 }, { "1 s", -1 },
		{ "1d", -1 }, { "99999999999s", -1 },
		{ "1000000000000000000000s", -1 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		cr_expect_eq(parse_duration(rows[i].text), rows[i].ms, "'%s'",
		    rows[i].text);
}

Test(parse, addresses)
{
	static const struct {
		const char *text;
		uint32_t ip;
	} rows[] = { { "127.0.0.1", 0x7f000001 }, { "127.80.3.1", 0x7f500301 },
		{ "128.0.0.1", 0 }, { "127.0.0.0", 0 }, { "127.0.0", 0 },
		{ "127.255.255.255", 0 }, { "localhost", 0 }, { "", 0 },
		{ "127.0.0.1 ", 0 }, { "::1", 0 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		cr_expect_eq(parse_address(rows[i].text), rows[i].ip, "'%s'",
		    rows[i].text);
}

Test(parse, signals)
{
	cr_expect_eq(parse_signal("TERM"), SIGTERM);
	cr_expect_eq(parse_signal("SIGINT"), SIGINT);
	cr_expect_eq(parse_signal("sigint"), SIGINT);
	cr_expect_eq(parse_signal("hup"), SIGHUP);
	cr_expect_eq(parse_signal("9"), SIGKILL);
	cr_expect_eq(parse_signal("0"), -1);
	cr_expect_eq(parse_signal("NOSUCH"), -1);
	cr_expect_eq(parse_signal(""), -1);
	cr_expect_eq(parse_signal("-1"), -1);
}
