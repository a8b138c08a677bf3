/* SPDX-License-Identifier: ISC */
/* Strict: a value with anything before or behind it is malformed. */
#include "base/parse.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

int64_t
parse_duration(const char *text)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 },
		{ "h", 3600000 } };
	char number[16];
	size_t len = strspn(text, "0123456789");
	const char *error;
	int64_t n;

	if (len == 0 || len >= sizeof(number))
		return -1;
	(void)strlcpy(number, text, len + 1);
	n = strtonum(number, 0, 1000000000, &error);
	if (error != NULL)
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(text + len, units[i].name) == 0)
			return n * units[i].ms;
	return -1;
}

uint32_t
parse_address(const char *text)
{
	struct in_addr in;
	uint32_t ip;

	if (inet_pton(AF_INET, text, &in) != 1)
		return 0;
	ip = ntohl(in.s_addr);
	if (ip >> 24 != 127 || (ip & 0xffffff) == 0 ||
	    (ip & 0xffffff) == 0xffffff)
		return 0;
	return ip;
}

int
parse_signal(const char *text)
{
	const char *error;
	int n = (int)strtonum(text, 1, SIGRTMAX, &error);

	if (error == NULL)
		return n;
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (n = 1; n < SIGRTMIN; n++)
		if (sigabbrev_np(n) && strcasecmp(sigabbrev_np(n), text) == 0)
			return n;
	return -1;
}
