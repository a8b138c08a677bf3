/* SPDX-License-Identifier: ISC */
/*
 * Each call asks where (place.h, route.h), acts, and notes (note.h).
 */
#include "calls.h"

#include "ask.h"
#include "names.h"
#include "note.h"
#include "place.h"
#include "real.h"
#include "route.h"
#include "sockname.h"

#include <errno.h>
#include <string.h>

/*
 * A name for bind.  The kernel takes AF_UNSPEC with the wildcard for AF_INET
 * there (__inet_bind in net/ipv4/af_inet.c).
 */
bool
calls_binds(struct endpoint *ep, const struct sockaddr *sa, socklen_t len)
{
	struct sockaddr_in in;

	if (sockname_read(ep, sa, len))
		return true;
	if (!sockname_readable(sa, len) || len < sizeof(in))
		return false;
	memcpy(&in, sa, sizeof(in));
	*ep = endpoint_of(AF_INET, INADDR_ANY, ntohs(in.sin_port));
	return in.sin_family == AF_UNSPEC && in.sin_addr.s_addr == INADDR_ANY;
}

int
calls_bind(const struct attachment *a, int fd, const struct sockaddr *sa,
    socklen_t len)
{
	struct endpoint asked;

	if (!calls_binds(&asked, sa, len))
		return real()->bind(fd, sa, len);
	return place_bind(a, fd, &asked, sa, len);
}

/* Errors that leave the socket on its way to the peer, or there. */
static bool
pending(int error)
{
	return error == EINPROGRESS || error == EALREADY || error == EISCONN ||
	       error == EINTR || error == EAGAIN;
}

/*
 * A socket that has once tried a v4-mapped peer speaks IPv4 for ever
 * (tcp_v6_connect in net/ipv6/tcp_ipv6.c), and could go nowhere else after
 * a refusal.  So where nobody is, port 0 of the real ::1 refuses it.
 */
static bool
refuses(const struct attachment *a, struct noted *call)
{
	struct endpoint local;

	if (call->protocol != IPPROTO_TCP || call->asked.family != AF_INET6 ||
	    IN6_IS_ADDR_V4MAPPED(&call->asked.addr) ||
	    !route_empty(a, &call->given, call->protocol))
		return false;
	return ask_local(call->fd, &local) &&
	       !slice_contains(&a->terms, &local);
}

static int
connect_nobody(const struct attachment *a, const struct noted *call)
{
	const struct sockaddr_in6 nobody = {
		.sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};

	note_connect(a, call, false);
	return real()->connect(
	    call->fd, (const struct sockaddr *)&nobody, sizeof(nobody));
}

static int
connect_inside(const struct attachment *a, struct noted *call)
{
	struct endpoint native = route_native(&call->asked), source, shown;
	struct sockaddr_in6 in6;
	socklen_t len = sizeof(in6);
	bool moved;
	int rc;

	moved = call->protocol == IPPROTO_TCP &&
		slice_source(&a->terms, &call->asked, &source);
	call->v6only = place_client(a, call->fd, &call->asked, call->protocol);
	shown = slice_asked(&a->terms, &call->given, moved ? &source : NULL);
	call->asked = native;
	note_connect(a, call, call->v6only || !endpoint_equal(&native, &shown));
	endpoint_write(&call->given, &in6, &len);
	rc = real()->connect(call->fd, (struct sockaddr *)&in6, len);
	if (rc == -1 && !pending(errno))
		place_leave(a, call->fd);
	return rc;
}

int
calls_connect(const struct attachment *a, int fd, const struct sockaddr *sa,
    socklen_t len)
{
	struct noted call = { .fd = fd };

	if (!sockname_read(&call.asked, sa, len))
		return real()->connect(fd, sa, len);
	call.protocol = ask_protocol(fd);
	if (call.protocol == 0)
		return real()->connect(fd, sa, len);
	if (route_inside(a, &call.asked, call.protocol, &call.given))
		return refuses(a, &call) ? connect_nobody(a, &call)
					 : connect_inside(a, &call);
	call.given = call.asked;
	place_leave(a, fd);
	note_connect(a, &call, false);
	return real()->connect(fd, sa, len);
}

int
calls_listen(const struct attachment *a, int fd, int backlog)
{
	int rc;

	place_listener(a, fd);
	rc = real()->listen(fd, backlog);
	if (rc == 0)
		note_listening(a);
	return rc;
}
