/* SPDX-License-Identifier: ISC */
/*
 * The exported socket calls: each does what libc's does, on the address that
 * the lease gives, and shows the address that was asked for.
 */
#include "calls.h"
#include "names.h"
#include "note.h"
#include "real.h"
#include "sockname.h"

#include <errno.h>
#include <string.h>

static int
bind_name(const struct attachment *a, int fd, const struct sockaddr *sa,
    socklen_t len)
{
	if (a == NULL)
		return real()->bind(fd, sa, len);
	return calls_bind(a, fd, sa, len);
}

EXPORT int
bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	return bind_name(attached(), fd, sa, len);
}

EXPORT int
connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	const struct attachment *a = attached();

	if (a == NULL)
		return real()->connect(fd, sa, len);
	return calls_connect(a, fd, sa, len);
}

EXPORT int
listen(int fd, int backlog)
{
	const struct attachment *a = attached();

	if (a == NULL)
		return real()->listen(fd, backlog);
	return calls_listen(a, fd, backlog);
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
	struct sockname name;
	struct endpoint ep;
	int rc;

	if (a == NULL || !sockname_wanted(sa, len))
		return real()->getsockname(fd, sa, len);
	name.len = sizeof(name.ss);
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
	struct sockname name;
	struct endpoint ep;
	int rc;

	if (a == NULL || !sockname_wanted(sa, len))
		return real()->getpeername(fd, sa, len);
	name.len = sizeof(name.ss);
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
