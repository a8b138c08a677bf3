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

	moved = slice_source(&a->terms, &call->asked, &source);
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

EXPORT int
connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	const struct attachment *a = attached();
	struct noted call = { .fd = fd };

	if (a == NULL || !sockname_read(&call.asked, sa, len))
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
welcome(const struct attachment *a, int fd, struct sockname *name)
{
	struct noted call = { .fd = fd, .protocol = IPPROTO_TCP };

	if (!sockname_got(name, &call.given))
		return;
	call.asked = call.given;
	names_accepted(a, &call.asked);
	sockname_put(name, &call.asked);
	note_accepted(a, &call);
}

/* A name that nobody asked for is still asked of the kernel: for the note. */
static int
receive(const struct attachment *a, int fd, struct sockaddr *sa, socklen_t *len,
    int flags)
{
	struct sockname name = { .len = sizeof(name.ss) };
	int rc;

	rc = real()->accept4(fd, (struct sockaddr *)&name.ss, &name.len, flags);
	if (rc == -1)
		return rc;
	welcome(a, rc, &name);
	if (sa != NULL)
		sockname_show(&name, sa, len);
	return rc;
}

EXPORT int
accept(int fd, struct sockaddr *sa, socklen_t *len)
{
	const struct attachment *a = attached();

	if (a == NULL || (sa != NULL && !sockname_wanted(sa, len)))
		return real()->accept(fd, sa, len);
	return receive(a, fd, sa, len, 0);
}

EXPORT int
accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
	const struct attachment *a = attached();

	if (a == NULL || (sa != NULL && !sockname_wanted(sa, len)))
		return real()->accept4(fd, sa, len, flags);
	return receive(a, fd, sa, len, flags);
}

EXPORT int
getsockname(int fd, struct sockaddr *sa, socklen_t *len)
{
	const struct attachment *a = attached();
	struct sockname name = { .len = sizeof(name.ss) };
	struct endpoint ep;
	int rc;

	if (a == NULL || !sockname_wanted(sa, len))
		return real()->getsockname(fd, sa, len);
	rc = real()->getsockname(fd, (struct sockaddr *)&name.ss, &name.len);
	if (rc == -1)
		return rc;
	if (sockname_got(&name, &ep) && names_local(a, fd, &ep))
		sockname_put(&name, &ep);
	sockname_show(&name, sa, len);
	return rc;
}

EXPORT int
getpeername(int fd, struct sockaddr *sa, socklen_t *len)
{
	const struct attachment *a = attached();
	struct sockname name = { .len = sizeof(name.ss) };
	struct endpoint ep;
	int rc;

	if (a == NULL || !sockname_wanted(sa, len))
		return real()->getpeername(fd, sa, len);
	rc = real()->getpeername(fd, (struct sockaddr *)&name.ss, &name.len);
	if (rc == -1)
		return rc;
	if (sockname_got(&name, &ep) && names_peer(a, fd, &ep))
		sockname_put(&name, &ep);
	sockname_show(&name, sa, len);
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
	int rc = real()->setsockopt(fd, level, option, value, len), v6only;

	if (rc != 0 || level != IPPROTO_IPV6 || option != IPV6_V6ONLY)
		return rc;
	a = attached();
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
