/* SPDX-License-Identifier: ISC */
/*
 * A dump that fails says so in the payload of its NLMSG_DONE (a missing
 * udp_diag, for one), which must not pass for an empty table.
 */
#include "kernel/sockdecode.h"
#include "base/fail.h"
#include "base/grow.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

/* idiag_timer of a socket in TIME_WAIT: inet_twsk_diag_fill in the kernel. */
enum { TIMER_TIME_WAIT = 3 };

int
sockets_add(struct sockets *all, const struct sockdiag_socket *socket)
{
	struct sockdiag_socket *list;

	list = grow(all->list, all->n, sizeof(*list));
	if (list == NULL)
		return -1;
	all->list = list;
	all->list[all->n++] = *socket;
	return 0;
}

void
sockets_free(struct sockets *all)
{
	free(all->list);
	*all = (struct sockets){ 0 };
}

static struct endpoint
endpoint(uint8_t family, const uint32_t words[4], uint16_t port)
{
	struct endpoint ep = { .family = family, .port = ntohs(port) };

	if (family == AF_INET)
		return endpoint_of(family, ntohl(words[0]), ep.port);
	memcpy(&ep.addr, words, sizeof(ep.addr));
	if (IN6_IS_ADDR_V4MAPPED(&ep.addr))
		ep.family = AF_INET;
	return ep;
}

static void
decode_attributes(const void *attributes, size_t len, struct sockdiag_socket *s)
{
	const unsigned char *at = attributes;
	struct rtattr attr;

	while (len >= sizeof(attr)) {
		memcpy(&attr, at, sizeof(attr));
		if (attr.rta_len < sizeof(attr) || attr.rta_len > len)
			return;
		if (attr.rta_len > sizeof(attr) &&
		    attr.rta_type == INET_DIAG_PROTOCOL)
			s->protocol = at[sizeof(attr)];
		if (attr.rta_len > sizeof(attr) &&
		    attr.rta_type == INET_DIAG_SKV6ONLY)
			s->v6only = at[sizeof(attr)] != 0;
		if (RTA_ALIGN(attr.rta_len) >= len)
			return;
		at += RTA_ALIGN(attr.rta_len);
		len -= RTA_ALIGN(attr.rta_len);
	}
}

int
sockdiag_decode(const void *payload, size_t len, struct sockdiag_socket *socket)
{
	const struct inet_diag_msg *msg = payload;

	if (len < sizeof(*msg) ||
	    (msg->idiag_family != AF_INET && msg->idiag_family != AF_INET6))
		return fail(EBADMSG);
	*socket = (struct sockdiag_socket){
		.local = endpoint(
		    msg->idiag_family, msg->id.idiag_src, msg->id.idiag_sport),
		.remote = endpoint(
		    msg->idiag_family, msg->id.idiag_dst, msg->id.idiag_dport),
		.family = msg->idiag_family,
		.state = msg->idiag_state,
		.inode = msg->idiag_inode,
		.uid = msg->idiag_uid,
		.queued =
		    msg->idiag_state == TCP_LISTEN ? msg->idiag_rqueue : 0,
		.cookie = (uint64_t)msg->id.idiag_cookie[1] << 32 |
			  msg->id.idiag_cookie[0],
		.time_wait = msg->idiag_timer == TIMER_TIME_WAIT
				 ? msg->idiag_expires
				 : 0,
	};
	decode_attributes(msg + 1, len - sizeof(*msg), socket);
	return 0;
}

static const void *
payload(const struct nlmsghdr *nlh)
{
	return (const char *)nlh + NLMSG_HDRLEN;
}

static size_t
payload_len(const struct nlmsghdr *nlh)
{
	return nlh->nlmsg_len - NLMSG_HDRLEN;
}

/* The errno in an NLMSG_ERROR, or in the NLMSG_DONE of a dump. */
static int
end_of_dump(const struct nlmsghdr *nlh)
{
	int code;

	if (payload_len(nlh) < sizeof(code))
		return nlh->nlmsg_type == NLMSG_DONE ? 0 : fail(EBADMSG);
	memcpy(&code, payload(nlh), sizeof(code));
	if (code == 0)
		return 0;
	return fail(code < 0 && code > -4096 ? -code : EBADMSG);
}

/* Linux calls a bound TCP socket CLOSE, which has a meaning of its own. */
static int
add(const struct nlmsghdr *nlh, const struct sockdiag_reply *reply)
{
	struct sockdiag_socket socket;

	if (sockdiag_decode(payload(nlh), payload_len(nlh), &socket) < 0)
		return -1;
	socket.protocol = reply->protocol;
	if (socket.protocol == IPPROTO_TCP && socket.state == TCP_CLOSE)
		socket.state = SOCKDIAG_BOUND;
	return sockets_add(reply->out, &socket) < 0 ? -1 : 1;
}

static int
message(const struct nlmsghdr *nlh, struct sockdiag_reply *reply)
{
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		reply->interrupted = true;
	switch (nlh->nlmsg_type) {
	case NLMSG_DONE:
	case NLMSG_ERROR:
		return end_of_dump(nlh);
	case NLMSG_OVERRUN:
		return fail(ENOBUFS);
	case SOCK_DIAG_BY_FAMILY:
	case TCPDIAG_GETSOCK:
		return add(nlh, reply);
	default:
		return 1;
	}
}

static bool
fits(const struct nlmsghdr *nlh, size_t left)
{
	return left >= sizeof(*nlh) && nlh->nlmsg_len >= sizeof(*nlh) &&
	       nlh->nlmsg_len <= left;
}

/* The last message need not be padded. */
static const struct nlmsghdr *
next(const struct nlmsghdr *nlh, size_t *left)
{
	size_t size = NLMSG_ALIGN((size_t)nlh->nlmsg_len);

	size = size < *left ? size : *left;
	*left -= size;
	return (const void *)((const char *)nlh + size);
}

/* An answer to another socket, or to an earlier request, is passed over. */
int
sockdiag_walk(const void *datagram, size_t len, struct sockdiag_reply *reply)
{
	const struct nlmsghdr *nlh = datagram;
	size_t left = len;
	int rc = 1;

	if (!fits(nlh, left))
		return fail(EBADMSG);
	while (rc == 1 && fits(nlh, left)) {
		if (nlh->nlmsg_seq == reply->seq &&
		    nlh->nlmsg_pid == reply->portid)
			rc = message(nlh, reply);
		nlh = next(nlh, &left);
	}
	if (rc == 1 && left > 0)
		return fail(EBADMSG);
	return rc;
}

int
sockdiag_collect(const void *datagram, size_t len, struct sockets *out)
{
	const struct nlmsghdr *nlh = datagram;
	struct sockdiag_socket socket;
	size_t left = len;

	for (; fits(nlh, left); nlh = next(nlh, &left))
		if (nlh->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
		    sockdiag_decode(payload(nlh), payload_len(nlh), &socket) ==
			0 &&
		    sockets_add(out, &socket) < 0)
			return -1;
	return 0;
}

bool
sockdiag_wildcard(const struct sockdiag_socket *socket)
{
	const struct endpoint *local = &socket->local;

	return IN6_IS_ADDR_UNSPECIFIED(&local->addr) ||
	       (IN6_IS_ADDR_V4MAPPED(&local->addr) &&
		   endpoint_ip4(local) == INADDR_ANY);
}

bool
sockdiag_within(const struct endpoint *end, uint32_t net, int prefix_len)
{
	uint32_t mask = prefix_len == 0 ? 0 : UINT32_MAX << (32 - prefix_len);

	return IN6_IS_ADDR_V4MAPPED(&end->addr) &&
	       ((endpoint_ip4(end) ^ net) & mask) == 0;
}

static const char *const state_names[] = {
	[TCP_ESTABLISHED] = "ESTABLISHED",
	[TCP_SYN_SENT] = "SYN_SENT",
	[TCP_SYN_RECV] = "SYN_RECV",
	[TCP_FIN_WAIT1] = "FIN_WAIT1",
	[TCP_FIN_WAIT2] = "FIN_WAIT2",
	[TCP_TIME_WAIT] = "TIME_WAIT",
	[TCP_CLOSE] = "CLOSE",
	[TCP_CLOSE_WAIT] = "CLOSE_WAIT",
	[TCP_LAST_ACK] = "LAST_ACK",
	[TCP_LISTEN] = "LISTEN",
	[TCP_CLOSING] = "CLOSING",
	[SOCKDIAG_BOUND] = "BOUND",
};

const char *
sockdiag_state_name(uint8_t state)
{
	if (state >= sizeof(state_names) / sizeof(*state_names) ||
	    state_names[state] == NULL)
		return "UNKNOWN";
	return state_names[state];
}
