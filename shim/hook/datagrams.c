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
#include "sock/sockops.h"
#include "sock/sockopt.h"
#include "sock/uaccess.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

enum {
	MESSAGES = 3, /* sent by one system call when names change */
	MESSAGES_MAX = 1024, /* UIO_MAXIOV: the kernel looks at no more */
	NAME = 128 /* bytes of the longest name there is */
};

/* Where a message goes: as the program named it, then as the kernel gets it. */
struct recipient {
	struct sockcall call;
	struct connect_undo undo; /* of a TCP Fast Open */
	struct sockaddr_in6 in6;
	socklen_t len;
	int error; /* with which the kernel would natively refuse, or 0 */
};

/*
 * A UDP server on the wildcard that is asked as 127.0.0.N answers as
 * 127.0.0.1, natively as well: the kernel chooses the source of every
 * datagram anew (ip(7)).
 */
static bool
rerouted(const struct lease_ctx *ctx, const struct sockcall *call)
{
	return !(ctx->terms.flags & TERMS_ADOPTED) &&
	       endpoint_ip4(&call->asked) >> 24 == 127 &&
	       !slice_contains(&ctx->terms, &call->asked);
}

/*
 * Before the first datagram: the kernel sends nothing IPv4 from a socket
 * that speaks IPv6 alone, and binds the socket even when it sends nothing.
 */
static void
prepare(const struct lease_ctx *ctx, int fd, struct sockcall *call)
{
	struct endpoint shown = slice_asked(&ctx->terms, &call->given, NULL);

	call->v6only = bind_client(ctx, fd, call);
	call->asked = dest_native(&call->asked);
	if (call->v6only ||
	    (!endpoint_equal(&shown, &call->asked) && !rerouted(ctx, call)))
		trace_sent(ctx, fd, call);
}

/*
 * An IPv6 socket bound into the slice cannot reach ::1, where it saw a peer
 * outside the slice (see reverse_source): 127.0.0.1 is meant.
 */
static bool
answer_outside(const struct lease_ctx *ctx, int fd, struct recipient *to)
{
	const struct endpoint *asked = &to->call.asked;
	struct endpoint local, ip4;

	if (!IN6_IS_ADDR_LOOPBACK(&asked->addr) || !sockopt_local(fd, &local) ||
	    !slice_contains(&ctx->terms, &local))
		return false;
	ip4 = endpoint_of(AF_INET6, INADDR_LOOPBACK, asked->port);
	to->len = endpoint_write(&ip4, &to->in6, sizeof(to->in6));
	return true;
}

/* Find where data for this name goes; false: where the program says. */
static bool
find_recipient(const struct lease_ctx *ctx, int fd, const void *name,
    socklen_t len, int flags, struct recipient *to)
{
	struct sockcall *call = &to->call;
	struct endpoint local;

	to->error = 0;
	*call = (struct sockcall){ 0 };
	/* A UDP socket of IPv4 takes AF_UNSPEC for AF_INET (net/ipv4/udp.c). */
	if (!sockname_read(&call->asked, name, len) &&
	    !(sockname_read_unspec(&call->asked, name, len) &&
		sockopt_local(fd, &local) && local.family == AF_INET))
		return false;
	call->protocol = sockopt_protocol(fd);
	if (call->protocol == 0 ||
	    (call->protocol == IPPROTO_TCP && !(flags & MSG_FASTOPEN)))
		return false;
	if (call->asked.family == AF_INET6 &&
	    IN6_IS_ADDR_V4MAPPED(&call->asked.addr) && reverse_lifted(ctx, fd))
		to->error = ENETUNREACH;
	if (!dest_inside(ctx, call))
		return answer_outside(ctx, fd, to) || to->error != 0;
	if (call->protocol == IPPROTO_UDP) {
		prepare(ctx, fd, call);
	} else { /* TCP Fast Open is a connect */
		call->v6only = bind_client(ctx, fd, call);
		trace_connect(ctx, fd, call, call->v6only, &to->undo);
	}
	to->len = endpoint_write(&call->given, &to->in6, sizeof(to->in6));
	return true;
}

/* After the real call. */
static void
sent(const struct lease_ctx *ctx, int fd, struct recipient *to, ssize_t rc)
{
	if (rc == -1 && to->call.protocol == IPPROTO_TCP)
		sockops_connect_failed(ctx, fd, &to->call, &to->undo);
}

EXPORT ssize_t
sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *sa,
    socklen_t len)
{
	const struct lease_ctx *ctx = sa != NULL ? lease_ctx() : NULL;
	struct recipient to;
	ssize_t rc;

	if (ctx == NULL || !find_recipient(ctx, fd, sa, len, flags, &to))
		return real()->sendto(fd, buf, n, flags, sa, len);
	if (to.error != 0) {
		errno = to.error;
		return -1;
	}
	sa = (const struct sockaddr *)&to.in6;
	rc = real()->sendto(fd, buf, n, flags, sa, to.len);
	sent(ctx, fd, &to, rc);
	return rc;
}

EXPORT ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	const struct lease_ctx *ctx = sockname_named(msg) ? lease_ctx() : NULL;
	struct msghdr moved;
	struct recipient to;
	ssize_t rc;

	if (ctx == NULL || !find_recipient(ctx, fd, msg->msg_name,
			       msg->msg_namelen, flags, &to))
		return real()->sendmsg(fd, msg, flags);
	if (to.error != 0) {
		errno = to.error;
		return -1;
	}
	moved = *msg;
	moved.msg_name = &to.in6;
	moved.msg_namelen = to.len;
	rc = real()->sendmsg(fd, &moved, flags);
	sent(ctx, fd, &to, rc);
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
send_some(const struct lease_ctx *ctx, int fd, struct mmsghdr *msgs,
    unsigned int n, int flags)
{
	struct mmsghdr moved[MESSAGES];
	struct recipient to[MESSAGES];
	struct msghdr *m;
	bool addressed = false; /* the first */
	int rc;

	for (unsigned int i = 0; i < n; i++) {
		moved[i] = msgs[i];
		m = &moved[i].msg_hdr;
		if (m->msg_name == NULL || !find_recipient(ctx, fd, m->msg_name,
					       m->msg_namelen, flags, &to[i]))
			continue;
		if (to[i].error != 0 && i == 0) {
			errno = to[i].error;
			return -1;
		}
		if (to[i].error != 0)
			n = i;
		addressed = addressed || i == 0;
		m->msg_name = &to[i].in6;
		m->msg_namelen = to[i].len;
	}
	rc = real()->sendmmsg(fd, moved, n, flags);
	if (addressed)
		sent(ctx, fd, &to[0], rc);
	for (int i = 0; i < rc; i++)
		msgs[i].msg_len = moved[i].msg_len;
	return rc;
}

/* As sendmmsg(2): an error counts only when nothing was sent before it. */
EXPORT int
sendmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags)
{
	unsigned int sent = 0, most = n < MESSAGES_MAX ? n : MESSAGES_MAX;
	const struct lease_ctx *ctx = named(msgs, most) ? lease_ctx() : NULL;
	int keep = errno, rc = 0;

	if (ctx == NULL)
		return real()->sendmmsg(fd, msgs, n, flags);
	while (sent < most) {
		unsigned int some = most - sent;

		some = some < MESSAGES ? some : MESSAGES;
		rc = send_some(ctx, fd, msgs + sent, some, flags);
		sent += rc > 0 ? (unsigned int)rc : 0;
		if (rc < (int)some)
			break;
	}
	if (sent == 0)
		return rc;
	errno = keep;
	return (int)sent;
}

/* Change the name of the sender, in place, to the one that was asked for. */
static void
rename_source(const struct lease_ctx *ctx, int fd, struct sockaddr *sa,
    socklen_t len, socklen_t room)
{
	struct endpoint ep;

	if (sockname_written(&ep, sa, len, room) &&
	    reverse_source(ctx, fd, &ep))
		(void)endpoint_write(&ep, sa, room);
}

/* recvmsg where the room cuts the name: receive it elsewhere first. */
static ssize_t
receive_cut(const struct lease_ctx *ctx, int fd, struct msghdr *msg, int flags)
{
	struct sockaddr *sa = msg->msg_name;
	struct sockaddr_storage whole;
	socklen_t room = msg->msg_namelen;
	ssize_t rc;

	msg->msg_name = &whole;
	msg->msg_namelen = sizeof(whole);
	rc = real()->recvmsg(fd, msg, flags);
	msg->msg_name = sa;
	if (rc == -1) {
		msg->msg_namelen = room;
		return rc;
	}
	rename_source(ctx, fd, (struct sockaddr *)&whole, msg->msg_namelen,
	    sizeof(whole));
	memcpy(sa, &whole, room < msg->msg_namelen ? room : msg->msg_namelen);
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
	const struct lease_ctx *ctx = sa != NULL ? lease_ctx() : NULL;
	int room = ctx != NULL ? sockname_room(len) : -1;
	struct iovec iov = { buf, n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t rc;

	if (room != -1 && cuts(sa, (socklen_t)room)) {
		msg.msg_name = sa;
		msg.msg_namelen = (socklen_t)room;
		rc = receive_cut(ctx, fd, &msg, flags);
		if (rc != -1)
			*len = msg.msg_namelen;
		return rc;
	}
	rc = real()->recvfrom(fd, buf, n, flags, sa, len);
	if (rc != -1 && room != -1)
		rename_source(ctx, fd, sa, *len, (socklen_t)room);
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
	const struct lease_ctx *ctx = sockname_named(msg) ? lease_ctx() : NULL;
	socklen_t room;
	ssize_t rc;

	if (ctx == NULL)
		return real()->recvmsg(fd, msg, flags);
	room = msg->msg_namelen;
	if (cuts(msg->msg_name, room))
		return receive_cut(ctx, fd, msg, flags);
	rc = real()->recvmsg(fd, msg, flags);
	if (rc != -1)
		rename_source(ctx, fd, msg->msg_name, msg->msg_namelen, room);
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
	const struct lease_ctx *ctx = named(msgs, most) ? lease_ctx() : NULL;
	uint8_t rooms[MESSAGES_MAX]; /* NAME is as good as more */
	socklen_t room;
	struct msghdr *m;
	int rc;

	if (ctx == NULL)
		return real()->recvmmsg(fd, msgs, n, flags, timeout);
	for (unsigned int i = 0; i < most; i++) {
		room = msgs[i].msg_hdr.msg_namelen;
		rooms[i] = (uint8_t)(room < NAME ? room : NAME);
	}
	rc = real()->recvmmsg(fd, msgs, most, flags, timeout);
	for (unsigned int i = 0; i < most && (int)i < rc; i++) {
		m = &msgs[i].msg_hdr;
		if (m->msg_name != NULL)
			rename_source(
			    ctx, fd, m->msg_name, m->msg_namelen, rooms[i]);
	}
	return rc;
}
