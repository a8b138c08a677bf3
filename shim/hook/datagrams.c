/* SPDX-License-Identifier: ISC */
/*
 * The exported calls that carry a name with the data: UDP, and TCP with
 * MSG_FASTOPEN.  Without a name they are libc's own.
 */
#include "hook/attach.h"
#include "hook/real.h"
#include "sock/bind.h"
#include "sock/dest.h"
#include "sock/reverse.h"
#include "sock/sockname.h"
#include "sock/sockopt.h"
#include "sock/trace.h"
#include "sock/uaccess.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

enum {
	MESSAGES = 16, /* sent by one system call when names change */
	MESSAGES_MAX = 1024 /* UIO_MAXIOV: the kernel looks at no more */
};

/* A destination: as the program named it, then as the kernel gets it. */
struct goal {
	struct sockcall call;
	struct connect_undo connect_undo; /* of a TCP Fast Open */
	struct sockaddr_in6 in6;
	socklen_t len;
	int error; /* what the kernel would natively say at once, or 0 */
};

/*
 * A wildcard server that is asked as 127.0.0.N answers natively, too, as
 * 127.0.0.1: the kernel chooses the source anew (ip(7)).
 */
static bool
rerouted(const struct lease_ctx *a, const struct sockcall *call)
{
	return !(a->terms.flags & TERMS_ADOPTED) &&
	       endpoint_ip4(&call->asked) >> 24 == 127 &&
	       !slice_contains(&a->terms, &call->asked);
}

/*
 * Before the first datagram: the kernel sends nothing IPv4 from a socket
 * that speaks IPv6 alone, and binds the socket even when it sends nothing.
 */
static void
prepare(const struct lease_ctx *a, struct sockcall *call)
{
	struct endpoint shown = slice_asked(&a->terms, &call->given, NULL);

	call->v6only = bind_client(a, call->fd, &call->asked, IPPROTO_UDP);
	call->asked = dest_native(&call->asked);
	if (call->v6only ||
	    (!endpoint_equal(&shown, &call->asked) && !rerouted(a, call)))
		trace_sent(a, call);
}

/*
 * An IPv6 socket bound into the slice cannot reach ::1, where it saw a peer
 * outside the slice (see reverse_source): 127.0.0.1 is meant.
 */
static bool
answer_outside(
    const struct lease_ctx *a, const struct sockcall *call, struct goal *goal)
{
	struct endpoint local, to;

	if (!IN6_IS_ADDR_LOOPBACK(&call->asked.addr) ||
	    !sockopt_local(call->fd, &local) ||
	    !slice_contains(&a->terms, &local))
		return false;
	to = endpoint_of(AF_INET6, INADDR_LOOPBACK, call->asked.port);
	goal->len = sizeof(goal->in6);
	endpoint_write(&to, &goal->in6, &goal->len);
	return true;
}

/* A UDP socket of IPv4 takes AF_UNSPEC for AF_INET (net/ipv4/udp.c). */
static bool
read_unspecified(
    int fd, const struct sockaddr *sa, socklen_t len, struct endpoint *ep)
{
	struct sockaddr_in in;
	struct endpoint local;

	if (len < sizeof(in) || !sockname_readable(sa, len))
		return false;
	memcpy(&in, sa, sizeof(in));
	*ep =
	    endpoint_of(AF_INET, ntohl(in.sin_addr.s_addr), ntohs(in.sin_port));
	return in.sin_family == AF_UNSPEC && sockopt_local(fd, &local) &&
	       local.family == AF_INET;
}

/* TCP Fast Open is a connect: its source goes into the slice, too. */
static void
open_fast(const struct lease_ctx *a, struct sockcall *call,
    struct connect_undo *connect_undo)
{
	call->v6only = bind_client(a, call->fd, &call->asked, call->protocol);
	trace_connect(a, call, call->v6only, connect_undo);
}

/* Where data for this name goes; false: where the program says. */
static bool
destine(const struct lease_ctx *a, int fd, const void *name, socklen_t len,
    int flags, struct goal *goal)
{
	struct sockcall *call = &goal->call;

	goal->error = 0;
	goal->call = (struct sockcall){ .fd = fd };
	if (!sockname_read(&call->asked, name, len) &&
	    !read_unspecified(fd, name, len, &call->asked))
		return false;
	call->protocol = sockopt_protocol(fd);
	if (call->protocol == 0 ||
	    (call->protocol == IPPROTO_TCP && !(flags & MSG_FASTOPEN)))
		return false;
	if (call->asked.family == AF_INET6 &&
	    IN6_IS_ADDR_V4MAPPED(&call->asked.addr) && reverse_lifted(a, fd))
		goal->error = ENETUNREACH;
	if (!dest_inside(a, &call->asked, call->protocol, &call->given))
		return answer_outside(a, call, goal) || goal->error != 0;
	if (call->protocol == IPPROTO_UDP)
		prepare(a, call);
	else
		open_fast(a, call, &goal->connect_undo);
	goal->len = sizeof(goal->in6);
	endpoint_write(&call->given, &goal->in6, &goal->len);
	return true;
}

/* After the real call: as after a connect (sockets.c). */
static void
quiesce(const struct lease_ctx *a, const struct goal *goal, ssize_t rc)
{
	if (rc != -1 || goal->call.protocol != IPPROTO_TCP ||
	    errno == EINPROGRESS || errno == EINTR)
		return;
	if (errno != EALREADY && errno != EISCONN && errno != EAGAIN)
		bind_undo(a, goal->call.fd);
	trace_connect_undo(a, &goal->connect_undo);
}

EXPORT ssize_t
sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *sa,
    socklen_t len)
{
	const struct lease_ctx *a = sa != NULL ? lease_ctx() : NULL;
	struct goal goal;
	ssize_t rc;

	if (a == NULL || !destine(a, fd, sa, len, flags, &goal))
		return real()->sendto(fd, buf, n, flags, sa, len);
	if (goal.error != 0) {
		errno = goal.error;
		return -1;
	}
	sa = (const struct sockaddr *)&goal.in6;
	rc = real()->sendto(fd, buf, n, flags, sa, goal.len);
	quiesce(a, &goal, rc);
	return rc;
}

EXPORT ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	const struct lease_ctx *a = sockname_named(msg) ? lease_ctx() : NULL;
	struct msghdr moved;
	struct goal goal;
	ssize_t rc;

	if (a == NULL ||
	    !destine(a, fd, msg->msg_name, msg->msg_namelen, flags, &goal))
		return real()->sendmsg(fd, msg, flags);
	if (goal.error != 0) {
		errno = goal.error;
		return -1;
	}
	moved = *msg;
	moved.msg_name = &goal.in6;
	moved.msg_namelen = goal.len;
	rc = real()->sendmsg(fd, &moved, flags);
	quiesce(a, &goal, rc);
	return rc;
}

/* Does any of these messages carry a name, or room for one? */
static bool
named(const struct mmsghdr *msgs, unsigned int n)
{
	if (!uaccess_readable(msgs, n * sizeof(*msgs)))
		return false;
	for (unsigned int i = 0; i < n; i++)
		if (msgs[i].msg_hdr.msg_name != NULL)
			return true;
	return false;
}

/* Send up to MESSAGES of them, each to where it goes. */
static int
send_some(const struct lease_ctx *a, int fd, struct mmsghdr *msgs,
    unsigned int n, int flags)
{
	struct mmsghdr moved[MESSAGES];
	struct goal goals[MESSAGES];
	struct msghdr *m;
	bool destined = false; /* the first */
	int rc;

	for (unsigned int i = 0; i < n; i++) {
		moved[i] = msgs[i];
		m = &moved[i].msg_hdr;
		if (m->msg_name == NULL ||
		    !destine(
			a, fd, m->msg_name, m->msg_namelen, flags, &goals[i]))
			continue;
		if (goals[i].error != 0 && i == 0) {
			errno = goals[i].error;
			return -1;
		}
		if (goals[i].error != 0)
			n = i;
		destined = destined || i == 0;
		m->msg_name = &goals[i].in6;
		m->msg_namelen = goals[i].len;
	}
	rc = real()->sendmmsg(fd, moved, n, flags);
	if (destined)
		quiesce(a, &goals[0], rc);
	for (int i = 0; i < rc; i++)
		msgs[i].msg_len = moved[i].msg_len;
	return rc;
}

/* As sendmmsg(2): an error counts only when nothing was sent before it. */
EXPORT int
sendmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags)
{
	unsigned int sent = 0, most = n < MESSAGES_MAX ? n : MESSAGES_MAX;
	const struct lease_ctx *a = named(msgs, most) ? lease_ctx() : NULL;
	int keep = errno, rc = 0;

	if (a == NULL)
		return real()->sendmmsg(fd, msgs, n, flags);
	while (sent < most) {
		unsigned int some = most - sent;

		some = some < MESSAGES ? some : MESSAGES;
		rc = send_some(a, fd, msgs + sent, some, flags);
		sent += rc > 0 ? (unsigned int)rc : 0;
		if (rc < (int)some)
			break;
	}
	if (sent == 0)
		return rc;
	errno = keep;
	return (int)sent;
}

/* Show the sender's name, in place, as the program knows it. */
static void
rename_source(const struct lease_ctx *a, int fd, struct sockaddr *sa,
    socklen_t len, socklen_t room)
{
	struct endpoint ep;

	if (sockname_written(&ep, sa, len, room) && reverse_source(a, fd, &ep))
		sockname_put(&ep, sa, room);
}

/* The same for a room that cuts names: through one that does not. */
static ssize_t
receive_cut(const struct lease_ctx *a, int fd, struct msghdr *msg, int flags)
{
	struct sockaddr *sa = msg->msg_name;
	struct sockname name;
	ssize_t rc;

	msg->msg_name = &name.ss;
	name.len = msg->msg_namelen;
	msg->msg_namelen = sizeof(name.ss);
	rc = real()->recvmsg(fd, msg, flags);
	msg->msg_name = sa;
	if (rc == -1) {
		msg->msg_namelen = name.len;
		return rc;
	}
	rename_source(a, fd, (struct sockaddr *)&name.ss, msg->msg_namelen,
	    sizeof(name.ss));
	memcpy(sa, &name.ss,
	    name.len < msg->msg_namelen ? name.len : msg->msg_namelen);
	return rc;
}

static bool
cuts(const void *name, socklen_t room)
{
	return sockname_cuts(room) && uaccess_readable(name, room);
}

EXPORT ssize_t
recvfrom(
    int fd, void *buf, size_t n, int flags, struct sockaddr *sa, socklen_t *len)
{
	const struct lease_ctx *a = sa != NULL ? lease_ctx() : NULL;
	int room = a != NULL ? sockname_room(len) : -1;
	struct iovec iov = { buf, n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t rc;

	if (room != -1 && cuts(sa, (socklen_t)room)) {
		msg.msg_name = sa;
		msg.msg_namelen = (socklen_t)room;
		rc = receive_cut(a, fd, &msg, flags);
		if (rc != -1)
			*len = msg.msg_namelen;
		return rc;
	}
	rc = real()->recvfrom(fd, buf, n, flags, sa, len);
	if (rc != -1 && room != -1)
		rename_source(a, fd, sa, *len, (socklen_t)room);
	return rc;
}

/* libc ends the program when n exceeds size; that is not ours to change. */
EXPORT ssize_t
__recvfrom_chk(int fd, void *buf, size_t n, size_t size, int flags,
    struct sockaddr *sa, socklen_t *len)
{
	if (n > size && real()->__recvfrom_chk != NULL)
		return real()->__recvfrom_chk(fd, buf, n, size, flags, sa, len);
	return recvfrom(fd, buf, n, flags, sa, len);
}

EXPORT ssize_t
recvmsg(int fd, struct msghdr *msg, int flags)
{
	const struct lease_ctx *a = sockname_named(msg) ? lease_ctx() : NULL;
	socklen_t room;
	ssize_t rc;

	if (a == NULL)
		return real()->recvmsg(fd, msg, flags);
	room = msg->msg_namelen;
	if (cuts(msg->msg_name, room))
		return receive_cut(a, fd, msg, flags);
	rc = real()->recvmsg(fd, msg, flags);
	if (rc != -1)
		rename_source(a, fd, msg->msg_name, msg->msg_namelen, room);
	return rc;
}

/*
 * The call may block for its last message: it cannot be made in pieces.  A
 * name that is cut within its address is left as it is.
 */
EXPORT int
recvmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags,
    struct timespec *timeout)
{
	unsigned int most = n < MESSAGES_MAX ? n : MESSAGES_MAX;
	const struct lease_ctx *a = named(msgs, most) ? lease_ctx() : NULL;
	socklen_t rooms[MESSAGES_MAX];
	struct msghdr *m;
	int rc;

	if (a == NULL)
		return real()->recvmmsg(fd, msgs, n, flags, timeout);
	for (unsigned int i = 0; i < most; i++)
		rooms[i] = msgs[i].msg_hdr.msg_namelen;
	rc = real()->recvmmsg(fd, msgs, most, flags, timeout);
	for (unsigned int i = 0; i < most && (int)i < rc; i++) {
		m = &msgs[i].msg_hdr;
		if (m->msg_name != NULL)
			rename_source(
			    a, fd, m->msg_name, m->msg_namelen, rooms[i]);
	}
	return rc;
}
