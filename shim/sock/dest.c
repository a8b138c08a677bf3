/* SPDX-License-Identifier: ISC */
/*
 * Nobody tells the record of a close.  So the record says where somebody
 * was, and a socket that tries to bind the place says whether it is still
 * taken.
 */
#include "sock/dest.h"

#include "sock/portprobe.h"

/* A place where a client may find somebody, and what the client means. */
struct goal {
	const struct endpoint *asked;
	const struct endpoint *place;
	uint8_t protocol;
	bool wildcard; /* only a socket bound to the wildcard answers */
};

/* Was somebody there who would answer?  Without a record, perhaps. */
static bool
known(const struct lease_ctx *a, const struct goal *goal)
{
	struct binding way;

	if (a->record == NULL)
		return true;
	if (record_find(a->record, goal->place, goal->protocol, 0, &way) ==
	    LOOKUP_NONE)
		return false;
	return !goal->wildcard || slice_answers(&way.asked, goal->asked);
}

static bool
present(const struct lease_ctx *a, const struct goal *goal)
{
	return known(a, goal) &&
	       portprobe_taken(goal->place, goal->protocol, a->record != NULL);
}

/* A name outside 127/8 and ::1 is one of the host's own interfaces. */
static bool
is_own(const struct endpoint *asked)
{
	struct endpoint native = dest_native(asked);

	return endpoint_ip4(&native) >> 24 != 127 &&
	       !IN6_IS_ADDR_LOOPBACK(&native.addr);
}

static size_t
second_is_meant(const struct lease_ctx *a, const struct goal goals[2])
{
	return known(a, &goals[1]) && !present(a, &goals[0]) &&
	       (a->record != NULL ||
		   portprobe_taken(goals[1].place, goals[1].protocol, false));
}

bool
dest_inside(const struct lease_ctx *a, const struct endpoint *asked,
    uint8_t protocol, struct endpoint *given)
{
	struct endpoint places[2];
	size_t n = slice_reach(&a->terms, asked, places);
	struct goal goals[2] = {
		{ asked, &places[0], protocol, n > 0 && is_own(asked) },
		{ asked, &places[1], protocol, true },
	};

	if (n == 0 || asked->port == 0)
		return false;
	*given = places[0];
	if (endpoint_equal(&places[0], asked))
		return true;
	if (terms_declares(&a->terms, asked->port)) {
		*given = places[n == 2 ? second_is_meant(a, goals) : 0];
		return true;
	}
	for (size_t i = 0; i < 2 && i < n; i++)
		if (present(a, &goals[i])) {
			*given = places[i];
			return true;
		}
	return false;
}

bool
dest_empty(
    const struct lease_ctx *a, const struct endpoint *given, uint8_t protocol)
{
	struct goal goal = { given, given, protocol, false };

	return !known(a, &goal) && !portprobe_taken(given, protocol, true);
}

struct endpoint
dest_native(const struct endpoint *asked)
{
	struct endpoint native = *asked;

	if (IN6_IS_ADDR_UNSPECIFIED(&asked->addr))
		native.addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
	else if (IN6_IS_ADDR_V4MAPPED(&asked->addr) &&
		 endpoint_ip4(asked) == INADDR_ANY)
		native =
		    endpoint_of(asked->family, INADDR_LOOPBACK, asked->port);
	return native;
}
