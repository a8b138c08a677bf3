/* SPDX-License-Identifier: ISC */
/*
 * An IPv6 socket is placed by the v4-mapped form, which the kernel accepts
 * only while IPV6_V6ONLY is off (ipv6(7)).  Where the program itself asked
 * for a v4-mapped name, that refusal is the native one and stays.
 */
#include "sock/bind.h"

#include "sock/libc.h"
#include "sock/reverse.h"
#include "sock/sockname.h"
#include "sock/sockopt.h"
#include "sock/trace.h"

#include <errno.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

static int
bind_to(int fd, const struct endpoint *given)
{
	struct sockaddr_in6 in6;
	socklen_t len = sizeof(in6);

	endpoint_write(given, &in6, &len);
	return real()->bind(fd, (struct sockaddr *)&in6, len);
}

static bool
pure6(const struct endpoint *ep)
{
	return ep->family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&ep->addr);
}

/*
 * A bind to an IPv6 address that is not the wildcard switches IPV6_V6ONLY
 * on (__inet6_bind in net/ipv6/af_inet6.c).
 */
static bool
narrowed(const struct endpoint *asked)
{
	return pure6(asked) && !IN6_IS_ADDR_UNSPECIFIED(&asked->addr);
}

/*
 * Bind to the given end, by a name of len bytes, with IPV6_V6ONLY off if need
 * be.
 */
static int
bind_given(const struct sockcall *call, socklen_t len)
{
	bool lift = call->v6only && pure6(&call->asked);
	struct sockaddr_in6 in6;
	int rc;

	if (lift)
		(void)sockopt_set(call->fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	len = sockname_fill(&in6, &call->given, len);
	rc = real()->bind(call->fd, (struct sockaddr *)&in6, len);
	if (rc != 0 && lift)
		(void)sockopt_set(call->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	return rc;
}

/*
 * A UDP client of IPv6 alone, bound to a port of its own: unchanged but for
 * IPV6_V6ONLY, which could not be lifted when it turns to the lease later.
 */
static bool
narrow_client(const struct sockcall *call)
{
	return call->v6only && call->protocol == IPPROTO_UDP &&
	       call->asked.port == 0 &&
	       IN6_IS_ADDR_UNSPECIFIED(&call->asked.addr);
}

/* IPV6_V6ONLY as the program set it; false when there is no such option. */
static bool
ask_v6only(const struct lease_ctx *a, int fd, bool *v6only)
{
	int value;

	if (!sockopt_get(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value))
		return false;
	*v6only = value != 0 || reverse_v6only(a, fd);
	return true;
}

static void
note_placed(
    const struct lease_ctx *a, struct sockcall *call, enum placing placing)
{
	if (placing == PLACE_PASS)
		trace_passed(a, call);
	else if (placing == PLACE_OUTSIDE)
		trace_outside(a, call);
	else
		trace_bound(a, call);
}

int
bind_socket(const struct lease_ctx *a, int fd, const struct endpoint *asked,
    const struct sockaddr *sa, socklen_t len)
{
	struct sockcall call = { .fd = fd, .asked = *asked };
	struct asker who = { 0 };
	enum placing placing;
	int rc;

	call.protocol = sockopt_protocol(fd);
	if (call.protocol == 0 ||
	    (asked->family == AF_INET6 && !ask_v6only(a, fd, &call.v6only)))
		return real()->bind(fd, sa, len);
	who.v6only = call.v6only;
	who.datagram = call.protocol == IPPROTO_UDP;
	placing = slice_bind(&a->terms, asked, who, &call.given);
	if (placing == PLACE_EXACT || placing == PLACE_KEPT ||
	    narrow_client(&call))
		rc = bind_given(&call, len);
	else
		rc = real()->bind(fd, sa, len);
	if (rc != 0)
		return rc;
	call.v6only = call.v6only || narrowed(asked);
	note_placed(a, &call, placing);
	return rc;
}

/* Programs leave the port to connect too, and may then be bound again. */
static bool
has_source(const struct lease_ctx *a, int fd)
{
	struct endpoint local;

	return sockopt_local(fd, &local) && slice_contains(&a->terms, &local);
}

/*
 * The port is left to connect, which may then reuse it for another peer
 * (IP_BIND_ADDRESS_NO_PORT, ip(7)).  EINVAL: the program has bound it.
 */
static bool
bind_source(const struct lease_ctx *a, int fd, const struct endpoint *source)
{
	int keep = errno;
	bool done;

	if (has_source(a, fd) ||
	    !sockopt_set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1))
		return true;
	done = bind_to(fd, source) == 0;
	errno = keep;
	return done;
}

/* IPV6_V6ONLY stays as it is while a port is bound: a peer's can be left. */
static bool
disconnect(int fd)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };
	int keep = errno, rc = real()->connect(fd, &none, sizeof(none));

	errno = keep;
	return rc == 0;
}

static bool
lift_v6only(int fd, uint8_t protocol)
{
	int value;

	if (!sockopt_get(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value) || value == 0)
		return false;
	return sockopt_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) ||
	       (protocol == IPPROTO_UDP && disconnect(fd) &&
		   sockopt_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0));
}

bool
bind_client(const struct lease_ctx *a, int fd, const struct endpoint *asked,
    uint8_t protocol)
{
	bool client = protocol == IPPROTO_TCP, lifted;
	struct endpoint source;

	client = client && slice_source(&a->terms, asked, &source);
	if (client && bind_source(a, fd, &source))
		return false;
	lifted = pure6(asked) && lift_v6only(fd, protocol);
	if (client && lifted)
		(void)bind_source(a, fd, &source);
	return lifted;
}

void
bind_undo(const struct lease_ctx *a, int fd)
{
	struct endpoint local, any = endpoint_of(AF_INET, INADDR_ANY, 0);
	int keep = errno;
	bool v6only;

	if (!sockopt_local(fd, &local) || !slice_contains(&a->terms, &local) ||
	    reverse_bound(a, fd, &local))
		return;
	v6only = local.family == AF_INET6 && reverse_lifted(a, fd);
	if (local.family == AF_INET6)
		any.addr = (struct in6_addr)IN6ADDR_ANY_INIT;
	any.family = local.family;
	if (bind_to(fd, &any) == 0 && v6only)
		(void)sockopt_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	errno = keep;
}

void
bind_listener(const struct lease_ctx *a, int fd)
{
	struct endpoint local;
	struct sockaddr_in6 in6;
	socklen_t len = sizeof(in6);
	int keep = errno;

	if (!sockopt_local(fd, &local) || local.port != 0 ||
	    slice_contains(&a->terms, &local) ||
	    sockopt_protocol(fd) != IPPROTO_TCP)
		return;
	endpoint_write(&local, &in6, &len);
	(void)bind_socket(a, fd, &local, (struct sockaddr *)&in6, len);
	errno = keep;
}
