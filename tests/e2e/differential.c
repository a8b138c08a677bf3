/* SPDX-License-Identifier: ISC */
/*
 * Every hooked call does in a lease what it does natively: guests make them
 * with good and bad arguments and say what came of it, and the two reports
 * are compared.  The differences that the design makes are rows here, and
 * are listed in portlease(7).
 */
#include "alike.h"
#include "reserve.h"
#include "story.h"

#include <sys/socket.h>

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

STORIES(differential);

/* What every lease makes different. */
static const struct known leased_rows[] = {
	/* A refused client of ::1 is unbound again: it may go outside next. */
	{ NULL, "[cf][oa]*", " local [::]:e peer ENOTCONN",
	    " local [::]:0 peer ENOTCONN" },
	/* So is IPv4, by a socket of IPv6 that tried it. */
	{ NULL, "connect in * tcp6* inet6 ::1 port P, inet6 ::1 port Q:*", NULL,
	    NULL },
	{ NULL, "option tcp6* client NO_PORT:*", " 0 len", " 1 len" },
	/* SO_PROTOCOL is that of TCP or UDP. */
	{ NULL, "bind* raw4udp *", " local 0.0.0.0:e", " local 127.0.0.1:e" },
	/* What was bound to ::ffff:127.0.0.1 may natively not go to ::1. */
	{ NULL, "connect in * from inet6 ::ffff:127.0.0.1 * to inet6 ::1 *",
	    NULL, NULL },
	/* What was bound to :: is IPv4 to a server on ::1. */
	{ NULL, "connect in * tcp6* from inet6 :: * to inet6 ::1 *", NULL,
	    NULL },
	/* From ::1 to IPv4 the source stays, by a whim of the kernel's. */
	{ NULL, "connect in * udp6 inet6 ::1 port ?, inet *",
	    " local [::1]:e peer [::ffff:",
	    " local [::ffff:127.0.0.1]:e peer [::ffff:" },
	{ NULL, "sendto in any6 udp6 inet6 ::1 *, *", NULL, NULL },
	{ NULL, "sendto in any6 udp6 connected inet6 ::1 *", NULL, NULL },
	/* A UDP server on :: cannot tell ::1 from 127.0.0.1. */
	{ NULL, "send* in any6 udp6* inet6 ::*", " [::1]:e",
	    " [::ffff:127.0.0.1]:e" },
	/* The kernel natively sends no answer from where it was asked. */
	{ NULL, "sendto in any[46] udp? connected inet* *127.0.0.7 *", NULL,
	    NULL },
	{ NULL, "sendto in both udp? connected inet* *127.0.0.7 *", NULL,
	    NULL },
	/* A socket that IPV6_V6ONLY was lifted from sends to IPv4 names. */
	{ NULL, "sendto in * udp6only *inet6 ::1 *, inet *", NULL, NULL },
	/* One with an IPv4 peer sends to ::1. */
	{ NULL, "sendto in * udp6 connected inet* *127.*, inet6 ::1 *", NULL,
	    NULL },
	/* A name that is cut within its address stays as it is given. */
	{ NULL, "recvmmsg * length 7:*", NULL, NULL },
	{ NULL, "recvmmsg * length 23:*", NULL, NULL },
	/* An own address is localhost. */
	{ NULL, "send* in * *own port P:*", NULL, NULL },
	{ NULL, "bind raw4udp inet own port P:*", NULL, NULL },
	{ NULL, "connect in * *own port P:*", NULL, NULL },
	/* A wildcard listener has one address. */
	{ NULL, "connect in * *127.0.0.7 port P:* | *",
	    " local 127.0.0.7:P peer", " local 127.0.0.1:P peer" },
	{ NULL, "connect in * *127.0.1.1 port P:* | *",
	    " local 127.0.1.1:P peer", " local 127.0.0.1:P peer" },
	{ NULL, "connect in * *127.0.0.7 port P:* | *",
	    " local [::ffff:127.0.0.7]:P peer",
	    " local [::ffff:127.0.0.1]:P peer" },
	{ NULL, "connect in * *127.0.1.1 port P:* | *",
	    " local [::ffff:127.0.1.1]:P peer",
	    " local [::ffff:127.0.0.1]:P peer" },
};

/* What an adopted address makes different: it is ::1 as well. */
static const struct known adopted_rows[] = {
	{ NULL, "*inet6 *", NULL, NULL },
	{ NULL, "* [tu][cd]p6*", NULL, NULL },
	{ NULL, "* in any6 *", NULL, NULL },
	{ NULL, "* in ip6 *", NULL, NULL },
	{ NULL, "* in only6 *", NULL, NULL },
	/* A wildcard listener is there alone. */
	{ NULL, "* in any4 *127.0.0.7 *", NULL, NULL },
	{ NULL, "* in any4 *127.0.1.1 *", NULL, NULL },
	{ NULL, "* in any4 *own *", NULL, NULL },
	{ NULL, "* in both *127.0.0.7 *", NULL, NULL },
	{ NULL, "* in both *127.0.1.1 *", NULL, NULL },
	{ NULL, "* in both *own *", NULL, NULL },
	{ NULL, "bind* raw4udp *", " local 0.0.0.0:e", " local 127.0.0.1:e" },
	/* The place of a wildcard that is gone, met again by chance. */
	{ NULL, "connect in * udp4 inet * port 0:*",
	    " local 127.0.0.1:e peer ENOTCONN",
	    " local 0.0.0.0:e peer ENOTCONN" },
};

#define ROWS(table) table, sizeof(table) / sizeof(*(table))

static struct run *
natively(const char *guest)
{
	struct run *r = RUN(guest, reserve_port(), reserve_port());

	cr_assert_eq(r->status, 0, "%s", r->err);
	return r;
}

/* In the scratch directory, which the guests leave sockets in. */
static void
go_aside(void)
{
	cr_assert_eq(chdir(story_path("")), 0);
}

Test(differential, names_and_connections_in_a_lease)
{
	struct run *native, *leased;

	go_aside();
	native = natively(GUEST("calls"));
	leased = RUN(PORTLEASE, "run", GUEST("calls"), "9926", reserve_port());
	cr_assert_eq(leased->status, 0, "%s", leased->err);
	alike_compare(native->out, leased->out, ROWS(leased_rows));
}

Test(differential, data_with_names_in_a_lease)
{
	struct run *native, *leased;

	go_aside();
	native = natively(GUEST("datacalls"));
	leased =
	    RUN(PORTLEASE, "run", GUEST("datacalls"), "9926", reserve_port());
	cr_assert_eq(leased->status, 0, "%s", leased->err);
	alike_compare(native->out, leased->out, ROWS(leased_rows));
}

static void
preloaded(const char *guest)
{
	struct run *native, *shimmed;

	go_aside();
	native = natively(guest);
	shimmed = RUN(
	    "env", "LD_PRELOAD=" SHIM, guest, reserve_port(), reserve_port());
	cr_assert_eq(shimmed->status, 0, "%s", shimmed->err);
	alike_compare(native->out, shimmed->out, NULL, 0);
}

Test(differential, names_and_connections_with_the_shim_and_no_lease)
{
	preloaded(GUEST("calls"));
}

Test(differential, data_with_names_with_the_shim_and_no_lease)
{
	preloaded(GUEST("datacalls"));
}

/* 127.0.0.1 itself: what is IPv4 stays as it is. */
static void
adopted(const char *guest, const char *ip)
{
	const char *port = reserve_port();
	struct run *native, *leased;

	go_aside();
	native = natively(guest);
	leased = RUN(PORTLEASE, "run", "--ip", ip, "-p", port, guest, port,
	    reserve_port());
	cr_assert_eq(leased->status, 0, "%s", leased->err);
	alike_compare(native->out, leased->out, ROWS(adopted_rows));
}

Test(differential, names_and_connections_at_an_adopted_address)
{
	adopted(GUEST("calls"), "127.0.0.1");
}

Test(differential, data_with_names_at_an_adopted_address)
{
	adopted(GUEST("datacalls"), "127.0.0.1");
}

Test(differential, programs_started_in_a_lease)
{
	struct run *native, *leased;

	go_aside();
	native = natively(GUEST("execcalls"));
	leased = RUN(PORTLEASE, "run", GUEST("execcalls"), "9926", "9927");
	cr_assert_eq(leased->status, 0, "%s", leased->err);
	alike_compare(native->out, leased->out, NULL, 0);
}

/* The terms alone: names are arithmetic then, and nothing falls over. */
Test(differential, the_calls_work_without_the_record)
{
	const char *const guests[] = { GUEST("calls"), GUEST("datacalls") };
	struct run *r;

	story_need_two_users();
	for (size_t i = 0; i < 2; i++) {
		r = RUN(PORTLEASE, "run", AS_NOBODY, guests[i], "9926",
		    reserve_port());
		cr_expect_eq(r->status, 0, "%s", r->err);
		cr_expect_not_null(
		    strstr(r->err, "moved but not recorded"), "%s", r->err);
		cr_expect_null(strstr(r->out, "TOUCHED"));
	}
}
