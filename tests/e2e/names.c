/* SPDX-License-Identifier: ISC */
/*
 * A program in a lease is told the names that it would be told natively: the
 * guest asks for all of them, and what it prints is compared line by line.
 */
#include "alike.h"
#include "reserve.h"
#include "story.h"

#include <criterion/criterion.h>

STORIES(names);

/*
 * A wildcard listener has one address in a lease, and a client that was
 * refused is unbound again, while the kernel natively still shows the port of
 * the attempt (tcp_disconnect).
 */
static const struct known known[] = {
	{ "tcp 0.0.0.0 *", "  accepted getsockname: *", ": 127.0.0.7 ",
	    ": 127.0.0.1 " },
	{ "tcp :: *", "  accepted getsockname: *", ": ::ffff:127.0.0.7 ",
	    ": ::ffff:127.0.0.1 " },
	{ "conflicts", "  refused getsockname: *", ": 0.0.0.0 port e ",
	    ": 0.0.0.0 port 0 " },
};

static void
compare(const struct run *native, const struct run *leased)
{
	alike_compare(
	    native->out, leased->out, known, sizeof(known) / sizeof(*known));
}

static struct run *
natively(void)
{
	struct run *r = RUN(GUEST("asknames"), reserve_port());

	cr_assert_eq(r->status, 0, "%s", r->err);
	return r;
}

Test(names, of_a_declared_port_are_those_of_the_native_run)
{
	struct run *native = natively();
	struct run *leased = RUN(PORTLEASE, "run", GUEST("asknames"), "9926");

	cr_assert_eq(leased->status, 0, "%s", leased->err);
	compare(native, leased);
}

Test(names, of_any_other_port_are_those_of_the_native_run)
{
	struct run *native = natively();
	struct run *leased =
	    RUN(PORTLEASE, "run", GUEST("asknames"), reserve_port());

	cr_assert_eq(leased->status, 0, "%s", leased->err);
	compare(native, leased);
}

/* Without a record the way back is arithmetic, and the calls are the same. */
Test(names, outside_a_lease_the_shim_changes_nothing)
{
	struct run *native = natively(), *shimmed;
	const char *port = reserve_port();

	shimmed = RUN("env", "LD_PRELOAD=" SHIM, GUEST("asknames"), port);
	cr_assert_eq(shimmed->status, 0, "%s", shimmed->err);
	cr_expect_str_eq(shimmed->err, "");
	alike_compare(native->out, shimmed->out, NULL, 0);
}
