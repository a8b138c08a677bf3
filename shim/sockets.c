/* SPDX-License-Identifier: ISC */
/*
 * The exported socket calls: each does what libc's does, on the address that
 * the lease gives, and shows the address that was asked for.
 */
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
static bool
read_bind(struct endpoint *ep, const struct sockaddr *sa, socklen_t len)
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

static int
bind_name(const struct attachment *a, int fd, const struct sockaddr *sa,
    socklen_t len)
{
	struct endpoint asked;

	if (a == NULL || !read_bind(&asked, sa, len))
		return real()->bind(fd, sa, len);
	return place_bind(a, fd, &asked, sa, len);
}

EXPORT int
bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	return bind_name(attached(), fd, sa, len);
}

/*
 * To connect to nobody (AF_UNSPEC) leaves a source that bind has set, even
 * blindly.
 */
static int
disconnect(const struct attachment *a, int fd, const struct sockaddr *sa,
    socklen_t len)
{
	int rc = real()->connect(fd, sa, len);

	if (rc == 0 && sa->sa_family == AF_UNSPEC)
		place_leave(a, fd);
	return rc;
}

/* The peer of fd, as the program knows it. */
static bool
peer_shown(const struct attachment *a, int fd, struct endpoint *peer)
{
	if (!ask_peer(fd, peer) || peer->family != AF_INET6)
		return false;
	(void)names_peer(a, fd, peer);
	return true;
}

/*
 * Why the kernel would natively not go to this name, though it would go to
 * the given one: IPv4 from a socket that speaks IPv6 alone, and IPv6 from a
 * UDP socket with an IPv4 source (net/ipv6/datagram.c).  0: it would.
 */
static int
refusal(const struct attachment *a, const struct noted *call)
{
	bool ip4 = IN6_IS_ADDR_V4MAPPED(&call->asked.addr);
	bool udp = call->protocol == IPPROTO_UDP;
	struct endpoint peer;

	if (!ip4)
		return udp && peer_shown(a, call->fd, &peer) &&
			       IN6_IS_ADDR_V4MAPPED(&peer.addr)
			   ? EAFNOSUPPORT
			   : 0;
	if ((call->asked.family == AF_INET && !udp) ||
	    !names_v6only(a, call->fd))
		return 0;
	return call->asked.family == AF_INET ? EAFNOSUPPORT : ENETUNREACH;
}

/* Errors after which the kernel goes on trying. */
static bool
begun(int error)
{
	return error == EINPROGRESS || error == EINTR;
}

/* Errors that leave the socket on its way to a peer, or there. */
static bool
pending(int error)
{
	return begun(error) || error == EALREADY || error == EISCONN ||
	       error == EAGAIN;
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
connect_nobody(const struct attachment *a, struct noted *call)
{
	const struct sockaddr_in6 nobody = {
		.sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};
	struct turning turning;

	note_connect(a, call, false, &turning);
	return real()->connect(
	    call->fd, (const struct sockaddr *)&nobody, sizeof(nobody));
}

static int
connect_inside(const struct attachment *a, struct noted *call, socklen_t len)
{
	struct endpoint native = route_native(&call->asked), source, shown;
	struct turning turning;
	struct sockaddr_in6 in6;
	bool moved;
	int rc;

	moved = call->protocol == IPPROTO_TCP &&
		slice_source(&a->terms, &call->asked, &source);
	call->v6only = place_client(a, call->fd, &call->asked, call->protocol);
	shown = slice_asked(&a->terms, &call->given, moved ? &source : NULL);
	call->asked = native;
	note_connect(a, call, call->v6only || !endpoint_equal(&native, &shown),
	    &turning);
	len = sockname_fill(&in6, &call->given, len);
	rc = real()->connect(call->fd, (struct sockaddr *)&in6, len);
	if (rc == -1 && !pending(errno))
		place_leave(a, call->fd);
	if (rc == -1 && !begun(errno))
		note_unconnected(a, &turning);
	return rc;
}

/*
 * A UDP socket of IPv6 that was in the lease has an IPv4 source, from which
 * the kernel goes to no IPv6 peer: it forgets that when it is disconnected.
 */
static bool
forget_source(const struct attachment *a, const struct noted *call)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct endpoint peer;

	return call->protocol == IPPROTO_UDP &&
	       !IN6_IS_ADDR_V4MAPPED(&call->asked.addr) &&
	       peer_shown(a, call->fd, &peer) &&
	       real()->connect(call->fd, &none, sizeof(none)) == 0;
}

static int
connect_outside(const struct attachment *a, struct noted *call,
    const struct sockaddr *sa, socklen_t len)
{
	int keep = errno, rc;
	struct turning turning;

	call->given = call->asked;
	place_leave(a, call->fd);
	note_connect(a, call, false, &turning);
	rc = real()->connect(call->fd, sa, len);
	if (rc == -1 && errno == EAFNOSUPPORT && forget_source(a, call)) {
		errno = keep;
		rc = real()->connect(call->fd, sa, len);
	}
	if (rc == -1 && !begun(errno))
		note_unconnected(a, &turning);
	return rc;
}

EXPORT int
connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	const struct attachment *a = attached();
	struct noted call = { .fd = fd };
	int error;

	if (a == NULL || !sockname_readable(sa, len))
		return real()->connect(fd, sa, len);
	if (!endpoint_read(&call.asked, sa, len))
		return disconnect(a, fd, sa, len);
	call.protocol = ask_protocol(fd);
	if (call.protocol == 0)
		return real()->connect(fd, sa, len);
	error = refusal(a, &call);
	if (error != 0) {
		errno = error;
		return -1;
	}
	if (route_inside(a, &call.asked, call.protocol, &call.given))
		return refuses(a, &call) ? connect_nobody(a, &call)
					 : connect_inside(a, &call, len);
	return connect_outside(a, &call, sa, len);
}

EXPORT int
listen(int fd, int backlog)
{
	const struct attachment *a = attached();
	int rc;

	if (a == NULL)
		return real()->listen(fd, backlog);
	place_listener(a, fd);
	rc = real()->listen(fd, backlog);
	if (rc == 0)
		note_listening(a);
	return rc;
}

/* Note who was accepted, and name it as the program knows it. */
static void
welcome(const struct attachment *a, int fd, struct endpoint *peer)
{
	struct noted call = { .fd = fd, .protocol = IPPROTO_TCP };

	call.given = *peer;
	names_accepted(a, peer);
	call.asked = *peer;
	note_accepted(a, &call);
}

/* A name that nobody asked for is still asked of the kernel: for the note. */
static int
receive_nameless(const struct attachment *a, int fd, int flags)
{
	struct sockname name = { .len = sizeof(name.ss) };
	struct sockaddr *sa = (struct sockaddr *)&name.ss;
	struct endpoint peer;
	int rc;

	rc = real()->accept4(fd, sa, &name.len, flags);
	if (rc != -1 && endpoint_read(&peer, sa, name.len))
		welcome(a, rc, &peer);
	return rc;
}

/*
 * The end that the kernel has just written into this room, by the program's
 * own pointers: it knows best what is wrong with them.  A name that was cut
 * is asked for once more.
 */
static bool
written(const struct sockaddr *sa, socklen_t len, int room, int fd,
    __typeof__(ask_local) *ask, struct endpoint *ep)
{
	if (room == -1)
		return false;
	return sockname_written(ep, sa, len, (socklen_t)room) ||
	       (len > (socklen_t)room && ask(fd, ep));
}

static int
receive(const struct attachment *a, int fd, struct sockaddr *sa, socklen_t *len,
    int flags)
{
	int room = sockname_room(len), rc;
	struct endpoint peer;

	rc = real()->accept4(fd, sa, len, flags);
	if (rc == -1 || !written(sa, *len, room, rc, ask_peer, &peer))
		return rc;
	welcome(a, rc, &peer);
	sockname_put(&peer, sa, (socklen_t)room);
	return rc;
}

EXPORT int
accept(int fd, struct sockaddr *sa, socklen_t *len)
{
	const struct attachment *a = attached();

	if (a == NULL)
		return real()->accept(fd, sa, len);
	return sa == NULL ? receive_nameless(a, fd, 0)
			  : receive(a, fd, sa, len, 0);
}

EXPORT int
accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
	const struct attachment *a = attached();

	if (a == NULL)
		return real()->accept4(fd, sa, len, flags);
	return sa == NULL ? receive_nameless(a, fd, flags)
			  : receive(a, fd, sa, len, flags);
}

EXPORT int
getsockname(int fd, struct sockaddr *sa, socklen_t *len)
{
	const struct attachment *a = attached();
	int room = a != NULL ? sockname_room(len) : -1, rc;
	struct endpoint ep;

	rc = real()->getsockname(fd, sa, len);
	if (rc == 0 && written(sa, *len, room, fd, ask_local, &ep) &&
	    names_local(a, fd, &ep))
		sockname_put(&ep, sa, (socklen_t)room);
	return rc;
}

EXPORT int
getpeername(int fd, struct sockaddr *sa, socklen_t *len)
{
	const struct attachment *a = attached();
	int room = a != NULL ? sockname_room(len) : -1, rc;
	struct endpoint ep;

	rc = real()->getpeername(fd, sa, len);
	if (rc == 0 && written(sa, *len, room, fd, ask_peer, &ep) &&
	    names_peer(a, fd, &ep))
		sockname_put(&ep, sa, (socklen_t)room);
	return rc;
}

/* The kernel says that it is off; the program may have set it. */
static void
correct_v6only(const struct attachment *a, int fd, void *value, socklen_t len)
{
	int v6only = 0;

	memcpy(&v6only, value, len < sizeof(v6only) ? len : sizeof(v6only));
	if (v6only != 0 || !names_v6only(a, fd))
		return;
	v6only = 1;
	memcpy(value, &v6only, len < sizeof(v6only) ? len : sizeof(v6only));
}

EXPORT int
getsockopt(int fd, int level, int option, void *value, socklen_t *len)
{
	const struct attachment *a;
	int rc = real()->getsockopt(fd, level, option, value, len);

	if (rc != 0 || level != IPPROTO_IPV6 || option != IPV6_V6ONLY)
		return rc;
	a = attached();
	if (a != NULL)
		correct_v6only(a, fd, value, *len);
	return rc;
}

EXPORT int
setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	const struct attachment *a;
	int rc = real()->setsockopt(fd, level, option, value, len), v6only = 0;

	if (rc != 0 || level != IPPROTO_IPV6 || option != IPV6_V6ONLY)
		return rc;
	a = attached();
	if (value != NULL) /* which means 0 (net/ipv6/ipv6_sockglue.c) */
		memcpy(&v6only, value, sizeof(v6only));
	if (a != NULL)
		names_forget_v6only(a, fd, v6only != 0);
	return rc;
}

/* The ports that libc tries, <rpc/clnt.h> in the old Sun RPC. */
enum { RESVPORT_FIRST = 600, RESVPORT_LAST = 1023 };

EXPORT int
bindresvport(int fd, struct sockaddr_in *sin)
{
	const struct attachment *a = attached();
	struct sockaddr_in any = { .sin_family = AF_INET };
	int ports = RESVPORT_LAST - RESVPORT_FIRST + 1, rc = -1;
	int first = (int)getpid() % ports;

	if (a == NULL && real()->bindresvport != NULL)
		return real()->bindresvport(fd, sin);
	if (sin == NULL)
		sin = &any;
	if (sin->sin_family != AF_INET) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	for (int i = 0; i < ports && rc != 0; i++) {
		sin->sin_port =
		    htons((uint16_t)(RESVPORT_FIRST + (first + i) % ports));
		rc = bind_name(a, fd, (struct sockaddr *)sin, sizeof(*sin));
		if (rc != 0 && errno != EADDRINUSE)
			break;
	}
	return rc;
}
