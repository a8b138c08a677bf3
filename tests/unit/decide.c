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

#define NOT_FETCHED .socket_error = SOCKET_NOT_FETCHED
#define TCP         .protocol = IPPROTO_TCP
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
#define UNPRIVILEGED .unprivileged = true, .reserved = 1024

static const struct row {
	const char *what;
	struct caught_call t;
	struct named name;
	enum answer answer;
	int error;
} rows[] = {
	{ "an IP name needs the socket", { .call = CALL_BIND, NOT_FETCHED },
	    ANY, ANSWER_FETCH, 0 },
	{ "a connect needs it, too", { .call = CALL_CONNECT, NOT_FETCHED },
	    LOCAL, ANSWER_FETCH, 0 },
	{ "and so does a listen", { .call = CALL_LISTEN, NOT_FETCHED }, { 0 },
	    ANSWER_FETCH, 0 },
	{ "a TCP bind is made", { .call = CALL_BIND, TCP }, ANY, ANSWER_MAKE,
	    0 },
	{ "a UDP connect is made",
	    { .call = CALL_CONNECT, .protocol = IPPROTO_UDP }, LOCAL,
	    ANSWER_MAKE, 0 },
	{ "a TCP listen is made", { .call = CALL_LISTEN, TCP }, { 0 },
	    ANSWER_MAKE, 0 },
	{ "an IPv6 name", { .call = CALL_BIND, TCP }, { AF_INET6, 0, 9925, 0 },
	    ANSWER_MAKE, 0 },
	{ "a Unix name passes", { .call = CALL_CONNECT, NOT_FETCHED },
	    { AF_UNIX, 0, 0, 110 }, ANSWER_PASS, 0 },
	{ "a netlink name passes", { .call = CALL_BIND, NOT_FETCHED },
	    { AF_NETLINK, 0, 0, 12 }, ANSWER_PASS, 0 },
	{ "a name that is too short passes", { .call = CALL_BIND, NOT_FETCHED },
	    { AF_INET, 0, 9925, 8 }, ANSWER_PASS, 0 },
	{ "a name that is too long passes", { .call = CALL_BIND, NOT_FETCHED },
	    { AF_INET, 0, 9925, 129 }, ANSWER_PASS, 0 },
	{ "a negative length passes", { .call = CALL_CONNECT, NOT_FETCHED },
	    { AF_INET, 0, 9925, (socklen_t)-1 }, ANSWER_PASS, 0 },
	{ "AF_UNSPEC undoes a connect", { .call = CALL_CONNECT, NOT_FETCHED },
	    { AF_UNSPEC, 0, 0, 0 }, ANSWER_PASS, 0 },
	{ "AF_UNSPEC binds the wildcard", { .call = CALL_BIND, TCP },
	    { AF_UNSPEC, INADDR_ANY, 9925, 0 }, ANSWER_MAKE, 0 },
	{ "an address that cannot be read passes",
	    { .call = CALL_BIND, NOT_FETCHED, .name_error = EFAULT }, ANY,
	    ANSWER_PASS, 0 },
	{ "memory that may not be read",
	    { .call = CALL_BIND, NOT_FETCHED, .name_error = EPERM }, ANY,
	    ANSWER_FAIL, EPERM },
	{ "a socket that may not be fetched",
	    { .call = CALL_LISTEN, .socket_error = EPERM }, { 0 }, ANSWER_FAIL,
	    EPERM },
	{ "no such descriptor passes",
	    { .call = CALL_BIND, .socket_error = EBADF }, ANY, ANSWER_PASS, 0 },
	{ "an IP name on a Unix socket passes", { .call = CALL_BIND }, ANY,
	    ANSWER_PASS, 0 },
	{ "a Unix listener passes", { .call = CALL_LISTEN }, { 0 }, ANSWER_PASS,
	    0 },
	{ "a low port without privileges",
	    { .call = CALL_BIND, TCP, UNPRIVILEGED }, LOW, ANSWER_FAIL,
	    EACCES },
	{ "a high port without privileges",
	    { .call = CALL_BIND, TCP, UNPRIVILEGED }, ANY, ANSWER_MAKE, 0 },
	{ "a connect to a low port",
	    { .call = CALL_CONNECT, TCP, UNPRIVILEGED }, LOW, ANSWER_MAKE, 0 },
	{ "a caller that is gone gets no answer",
	    { .call = CALL_BIND, TCP, .gone = true }, ANY, ANSWER_NONE, 0 },
	{ "and no error",
	    { .call = CALL_BIND, .gone = true, .socket_error = EPERM }, ANY,
	    ANSWER_NONE, 0 },
};

static void
set_name(struct caught_call *t, const struct named *named)
{
	struct endpoint ep =
	    endpoint_of((uint16_t)named->family, named->ip, named->port);

	t->len = sizeof(t->name);
	if (named->family == AF_INET || named->family == AF_INET6)
		t->len = endpoint_write(&ep, &t->name, t->len);
	else
		t->name.ss_family = (sa_family_t)named->family;
	if (named->len != 0)
		t->len = named->len;
}

Test(decide, answers)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct caught_call t = rows[i].t;
		int error = -1;

		set_name(&t, &rows[i].name);
		cr_expect_eq(decide_answer(&t, &error), rows[i].answer, "%s",
		    rows[i].what);
		cr_expect_eq(error, rows[i].error, "%s", rows[i].what);
	}
}

Test(decide, only_a_blocking_connect_waits)
{
	cr_expect(decide_waits(CALL_CONNECT, true, EINPROGRESS));
	cr_expect(decide_waits(CALL_CONNECT, true, EALREADY));
	cr_expect_not(decide_waits(CALL_CONNECT, false, EINPROGRESS));
	cr_expect_not(decide_waits(CALL_CONNECT, true, ECONNREFUSED));
	cr_expect_not(decide_waits(CALL_CONNECT, true, 0));
	cr_expect_not(decide_waits(CALL_BIND, true, EINPROGRESS));
}
