/* SPDX-License-Identifier: ISC */
/*
 * The record is never told of a close.  So it says where a socket was bound,
 * and a bind probe whether the port is still taken.
 */
#include "sock/dest.h"

#include "sock/portprobe.h"

/* An end inside the lease that a client may be meant to reach. */
struct candidate {
	const struct endpoint *asked;
	const struct endpoint *given;
	uint8_t protocol;
	bool wildcard; /* only a socket bound to the wildcard answers */
};

/* Was a socket bound there that would answer?  Without a record, perhaps. */
static bool
known(const struct lease_ctx *ctx, const struct candidate *c)
{
	struct sockcall bound;

	if (ctx->record == NULL)
		return true;
	if (record_find(ctx->record, c->given, c->protocol, 0, &bound) ==
	    LOOKUP_NONE)
		return false;
	return !c->wildcard || slice_answers(&bound.asked, c->asked);
}

static bool
present(const struct lease_ctx *ctx, const struct candidate *c)
{
	return known(ctx, c) &&
	       portprobe_taken(c->given, c->protocol, ctx->record != NULL);
}

/* A name outside 127/8 and ::1 is one of the host's own interfaces. */
static bool
is_own(const struct endpoint *asked)
{
	struct endpoint native = dest_native(asked);

	return endpoint_ip4(&native) >> 24 != 127 &&
	       !IN6_IS_ADDR_LOOPBACK(&native.addr);
}

static bool
second_is_meant(const struct lease_ctx *ctx, const struct candidate c[2])
{
	return known(ctx, &c[1]) && !present(ctx, &c[0]) &&
	       (ctx->record != NULL ||
		   portprobe_taken(c[1].given, c[1].protocol, false));
}

bool
dest_inside(const struct lease_ctx *ctx, struct sockcall *call)
{
	const struct endpoint *asked = &call->asked;
	struct endpoint given[2];
	size_t n = slice_reach(&ctx->terms, asked, given);
	struct candidate c[2] = {
		{ asked, &given[0], call->protocol, n > 0 && is_own(asked) },
		{ asked, &given[1], call->protocol, true },
	};

	if (n == 0 || asked->port == 0)
		return false;
	call->given = given[0];
	if (endpoint_equal(&given[0], asked))
		return true;
	if (terms_declares(&ctx->terms, asked->port)) {
		if (n == 2 && second_is_meant(ctx, c))
			call->given = given[1];
		return true;
	}
	if (present(ctx, &c[0]))
		return true;
	if (n < 2 || !present(ctx, &c[1]))
		return false;
	call->given = given[1];
	return true;
}

bool
dest_empty(const struct lease_ctx *ctx, const struct sockcall *call)
{
	struct candidate c = { &call->given, &call->given, call->protocol,
		false };

	return !known(ctx, &c) &&
	       !portprobe_taken(&call->given, call->protocol, true);
}

struct endpoint
dest_native(const struct endpoint *asked)
{
	struct endpoint native = *asked;

	if (IN6_IS_ADDR_UNSPECIFIED(&asked->addr))
		native.addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
	else if (endpoint_any(asked))
		native =
		    endpoint_of(asked->family, INADDR_LOOPBACK, asked->port);
	return native;
}
