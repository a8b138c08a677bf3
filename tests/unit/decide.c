/* SPDX-License-Identifier: ISC */
/* Rows of facts about a caught call, and the answer that each must get. */
#include "trap/decide.h"
#include "lease/slice.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

/* A name by family, IPv4 address and port; len 0: the full one. */
struct named {
	int family;
	uint32_t ip;
	uint16_t port;
	socklen_t len;
};

#define UNASKED .socket_error = DECIDE_UNASKED
#define TCP     .protocol = IPPROTO_TCP
#define ANY                                                                    \
	{                                                                      \
		AF_INET, INADDR_ANY, 9925, 0                                   \
	}
#define LOCAL                                                                  \
	{                                                                      \
		AF_INET, INADDR_LOOPBACK, 9925, 0                              \
	}
#define LOW                                                                    \
	{                                                                      \
		AF_INET, INADDR_ANY, 80, 0                                     \
	}
#define LESSER .lesser = true, .reserved = 1024

static const struct row {
	const char *what;
	struct decide t;
	struct named name;
	enum answer answer;
	int error;
} rows[] = {
	{ "an IP name wants a look", { .call = DECIDE_BIND, UNASKED }, ANY,
	    ANSWER_LOOK, 0 },
	{ "so does a connect", { .call = DECIDE_CONNECT, UNASKED }, LOCAL,
	    ANSWER_LOOK, 0 },
	{ "and a listen", { .call = DECIDE_LISTEN, UNASKED }, { 0 },
	    ANSWER_LOOK, 0 },
	{ "a TCP bind is made", { .call = DECIDE_BIND, TCP }, ANY, ANSWER_MOVE,
	    0 },
	{ "a UDP connect is made",
	    { .call = DECIDE_CONNECT, .protocol = IPPROTO_UDP }, LOCAL,
	    ANSWER_MOVE, 0 },
	{ "a TCP listen is made", { .call = DECIDE_LISTEN, TCP }, { 0 },
	    ANSWER_MOVE, 0 },
	{ "an IPv6 name", { .call = DECIDE_BIND, TCP },
	    { AF_INET6, 0, 9925, 0 }, ANSWER_MOVE, 0 },
	{ "a Unix name passes", { .call = DECIDE_CONNECT, UNASKED },
	    { AF_UNIX, 0, 0, 110 }, ANSWER_PASS, 0 },
	{ "a netlink name passes", { .call = DECIDE_BIND, UNASKED },
	    { AF_NETLINK, 0, 0, 12 }, ANSWER_PASS, 0 },
	{ "a name that is too short passes", { .call = DECIDE_BIND, UNASKED },
	    { AF_INET, 0, 9925, 8 }, ANSWER_PASS, 0 },
	{ "a name that is too long passes", { .call = DECIDE_BIND, UNASKED },
	    { AF_INET, 0, 9925, 129 }, ANSWER_PASS, 0 },
	{ "a negative length passes", { .call = DECIDE_CONNECT, UNASKED },
	    { AF_INET, 0, 9925, (socklen_t)-1 }, ANSWER_PASS, 0 },
	{ "AF_UNSPEC undoes a connect", { .call = DECIDE_CONNECT, UNASKED },
	    { AF_UNSPEC, 0, 0, 0 }, ANSWER_PASS, 0 },
	{ "AF_UNSPEC binds the wildcard", { .call = DECIDE_BIND, TCP },
	    { AF_UNSPEC, INADDR_ANY, 9925, 0 }, ANSWER_MOVE, 0 },
	{ "an address that cannot be read passes",
	    { .call = DECIDE_BIND, UNASKED, .name_error = EFAULT }, ANY,
	    ANSWER_PASS, 0 },
	{ "memory that may not be read",
	    { .call = DECIDE_BIND, UNASKED, .name_error = EPERM }, ANY,
	    ANSWER_FAIL, EPERM },
	{ "a socket that may not be fetched",
	    { .call = DECIDE_LISTEN, .socket_error = EPERM }, { 0 },
	    ANSWER_FAIL, EPERM },
	{ "no such descriptor passes",
	    { .call = DECIDE_BIND, .socket_error = EBADF }, ANY, ANSWER_PASS,
	    0 },
	{ "an IP name on a Unix socket passes", { .call = DECIDE_BIND }, ANY,
	    ANSWER_PASS, 0 },
	{ "a Unix listener passes", { .call = DECIDE_LISTEN }, { 0 },
	    ANSWER_PASS, 0 },
	{ "a low port without privileges", { .call = DECIDE_BIND, TCP, LESSER },
	    LOW, ANSWER_FAIL, EACCES },
	{ "a high port without privileges",
	    { .call = DECIDE_BIND, TCP, LESSER }, ANY, ANSWER_MOVE, 0 },
	{ "a connect to a low port", { .call = DECIDE_CONNECT, TCP, LESSER },
	    LOW, ANSWER_MOVE, 0 },
	{ "who is gone gets no answer",
	    { .call = DECIDE_BIND, TCP, .gone = true }, ANY, ANSWER_NONE, 0 },
	{ "nor an error",
	    { .call = DECIDE_BIND, .gone = true, .socket_error = EPERM }, ANY,
	    ANSWER_NONE, 0 },
};

static void
set_name(struct decide *t, const struct named *named)
{
	struct endpoint ep =
	    endpoint_of((uint16_t)named->family, named->ip, named->port);

	t->len = sizeof(t->name);
	if (named->family == AF_INET || named->family == AF_INET6)
		endpoint_write(&ep, &t->name, &t->len);
	else
		t->name.ss_family = (sa_family_t)named->family;
	if (named->len != 0)
		t->len = named->len;
}

Test(trapped, answers)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct decide t = rows[i].t;
		int error = -1;

		set_name(&t, &rows[i].name);
		cr_expect_eq(decide_answer(&t, &error), rows[i].answer, "%s",
		    rows[i].what);
		cr_expect_eq(error, rows[i].error, "%s", rows[i].what);
	}
}

Test(trapped, only_a_blocking_connect_waits)
{
	cr_expect(decide_waits(DECIDE_CONNECT, true, EINPROGRESS));
	cr_expect(decide_waits(DECIDE_CONNECT, true, EALREADY));
	cr_expect_not(decide_waits(DECIDE_CONNECT, false, EINPROGRESS));
	cr_expect_not(decide_waits(DECIDE_CONNECT, true, ECONNREFUSED));
	cr_expect_not(decide_waits(DECIDE_CONNECT, true, 0));
	cr_expect_not(decide_waits(DECIDE_BIND, true, EINPROGRESS));
}
