/* SPDX-License-Identifier: ISC */
/*
 * Asks NETLINK_SOCK_DIAG, with libmnl for the messages.  See sock_diag(7) and,
 * in the kernel, net/ipv4/inet_diag.c.
 *
 * The reading is our own, not mnl_cb_run's: a dump that fails says so in the
 * payload of its NLMSG_DONE (a missing udp_diag, for one), which must not pass
 * for an empty table; and only the kernel, port 0, is believed.
 */
#include "kernel/sockdiag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIMEOUT      5 /* seconds for an answer; the kernel needs ms */
#define ANSWER_SIZE  32768 /* what the kernel fills at most in one go */
#define ATTEMPTS     5 /* at a dump that was interrupted */
#define WATCH_BATCH  256 /* datagrams per sockdiag_watch_read */
#define CONDITIONS   4
#define ALL_STATES   0x3fffU /* up to bit 13 */
#define QUIET_STATES (1U << TCP_LISTEN | 1U << SOCKDIAG_BOUND)

struct sockdiag {
	int fd; /* -1 after a failure, until the next request */
	uint32_t portid;
	uint32_t seq;
	_Alignas(struct nlmsghdr) char answer[ANSWER_SIZE];
};

/* The sockets of a dump, kept until it has ended well. */
struct haul {
	struct sockdiag_socket *sockets;
	size_t len, room;
};

/* Which sockets: any of the conditions, or all when there are none. */
struct condition {
	uint8_t op; /* INET_DIAG_BC_S_COND or _D_COND */
	uint8_t family;
	uint8_t prefix_len;
	uint32_t net; /* host order */
};

struct filter {
	uint32_t states;
	size_t count;
	struct condition conditions[CONDITIONS];
};

/*
 * The bytecode of one condition: struct inet_diag_hostcond with room for
 * either family, and behind it the jump to the end that makes it an "or".
 */
struct step {
	struct inet_diag_bc_op test;
	uint8_t family;
	uint8_t prefix_len;
	uint16_t unused;
	int32_t port;
	uint32_t addr[4]; /* network order */
	struct inet_diag_bc_op jump;
};

_Static_assert(offsetof(struct step, addr) - offsetof(struct step, family) ==
		   sizeof(struct inet_diag_hostcond),
    "as the kernel has it");

struct ipc_request {
	uint16_t type;
	uint8_t family;
	uint8_t protocol;
	const struct filter *filter;
};

static int
fail(int error)
{
	errno = error;
	return -1;
}

/* --- decoding ----------------------------------------------------------- */

static struct in6_addr
address(uint8_t family, const uint32_t words[4])
{
	struct in6_addr addr = { .s6_addr = { [10] = 0xff, [11] = 0xff } };

	if (family == AF_INET)
		memcpy(&addr.s6_addr[12], words, 4);
	else
		memcpy(&addr, words, sizeof(addr));
	return addr;
}

static int
decode_attribute(const struct nlattr *attr, void *arg)
{
	struct sockdiag_socket *socket = arg;

	if (mnl_attr_get_payload_len(attr) < 1)
		return MNL_CB_OK;
	if (mnl_attr_get_type(attr) == INET_DIAG_PROTOCOL)
		socket->protocol = mnl_attr_get_u8(attr);
	if (mnl_attr_get_type(attr) == INET_DIAG_SKV6ONLY)
		socket->v6only = mnl_attr_get_u8(attr) != 0;
	return MNL_CB_OK;
}

int
sockdiag_decode(const void *payload, size_t len, struct sockdiag_socket *socket)
{
	const struct inet_diag_msg *msg = payload;

	if (len < sizeof(*msg) ||
	    (msg->idiag_family != AF_INET && msg->idiag_family != AF_INET6))
		return fail(EBADMSG);
	*socket = (struct sockdiag_socket){
		.laddr = address(msg->idiag_family, msg->id.idiag_src),
		.raddr = address(msg->idiag_family, msg->id.idiag_dst),
		.lport = ntohs(msg->id.idiag_sport),
		.rport = ntohs(msg->id.idiag_dport),
		.family = msg->idiag_family,
		.state = msg->idiag_state,
		.timer = msg->idiag_timer,
		.expires = msg->idiag_expires,
		.rqueue = msg->idiag_rqueue,
		.wqueue = msg->idiag_wqueue,
		.inode = msg->idiag_inode,
		.uid = msg->idiag_uid,
		.cookie = (uint64_t)msg->id.idiag_cookie[1] << 32 |
			  msg->id.idiag_cookie[0],
	};
	(void)mnl_attr_parse_payload(/* the callback never fails */
	    msg + 1, len - sizeof(*msg), decode_attribute, socket);
	return 0;
}

/* The errno in an NLMSG_ERROR, or in the NLMSG_DONE of a dump. */
static int
verdict(const struct nlmsghdr *nlh)
{
	int code;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(code))
		return nlh->nlmsg_type == NLMSG_DONE ? 0 : fail(EBADMSG);
	memcpy(&code, mnl_nlmsg_get_payload(nlh), sizeof(code));
	if (code == 0)
		return 0;
	return fail(code < 0 && code > -4096 ? -code : EBADMSG);
}

/* Linux calls a bound TCP socket CLOSE, which asks for a second meaning. */
static int
take(const struct nlmsghdr *nlh, const struct sockdiag_reply *reply)
{
	struct sockdiag_socket socket;

	if (sockdiag_decode(mnl_nlmsg_get_payload(nlh),
		mnl_nlmsg_get_payload_len(nlh), &socket) < 0)
		return -1;
	socket.protocol = reply->protocol;
	if (socket.protocol == IPPROTO_TCP && socket.state == TCP_CLOSE)
		socket.state = SOCKDIAG_BOUND;
	return reply->take(&socket, reply->arg);
}

static int
message(const struct nlmsghdr *nlh, struct sockdiag_reply *reply)
{
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		reply->interrupted = true;
	switch (nlh->nlmsg_type) {
	case NLMSG_DONE:
	case NLMSG_ERROR:
		return verdict(nlh);
	case NLMSG_OVERRUN:
		return fail(ENOBUFS);
	case SOCK_DIAG_BY_FAMILY:
	case TCPDIAG_GETSOCK:
		return take(nlh, reply) < 0 ? -1 : 1;
	default:
		return 1;
	}
}

/* mnl_nlmsg_ok alone takes a length of 2 GiB and more for a negative one. */
static bool
fits(const struct nlmsghdr *nlh, int left)
{
	return mnl_nlmsg_ok(nlh, left) && nlh->nlmsg_len <= INT_MAX;
}

/* Answers to somebody else, or to a question before, are passed over. */
int
sockdiag_walk(const void *datagram, size_t len, struct sockdiag_reply *reply)
{
	const struct nlmsghdr *nlh = datagram;
	int left = len > INT_MAX ? -1 : (int)len, rc = 1;

	if (!fits(nlh, left))
		return fail(EBADMSG);
	while (rc == 1 && fits(nlh, left)) {
		if (nlh->nlmsg_seq == reply->seq &&
		    nlh->nlmsg_pid == reply->portid)
			rc = message(nlh, reply);
		nlh = mnl_nlmsg_next(nlh, &left);
	}
	if (rc == 1 && left > 0)
		return fail(EBADMSG);
	return rc;
}

/* --- asking ------------------------------------------------------------- */

static int
close_keeping_errno(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

/* An own socket that is bound, so that it has a port to be answered at. */
static int
netlink(int flags)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	int fd;

	fd = socket(
	    AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_SOCK_DIAG);
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&self, sizeof(self)) < 0)
		return close_keeping_errno(fd);
	return fd;
}

static int
connected(struct sockdiag *diag)
{
	struct timeval timeout = { .tv_sec = TIMEOUT };
	struct sockaddr_nl self = { 0 };
	socklen_t len = sizeof(self);

	if (diag->fd >= 0)
		return 0;
	diag->fd = netlink(0);
	if (diag->fd < 0)
		return -1;
	if (setsockopt(diag->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout,
		sizeof(timeout)) < 0 ||
	    getsockname(diag->fd, (struct sockaddr *)&self, &len) < 0) {
		diag->fd = close_keeping_errno(diag->fd);
		return -1;
	}
	diag->portid = self.nl_pid;
	return 0;
}

/* After a failure the rest of an answer may still be on its way. */
static int
abandon(struct sockdiag *diag)
{
	if (diag->fd >= 0)
		diag->fd = close_keeping_errno(diag->fd);
	return -1;
}

/* One datagram of the kernel; others, which may be forged, are dropped. */
static ssize_t
receive(int fd, void *buf, size_t size)
{
	struct sockaddr_nl from = { 0 };
	socklen_t len;
	ssize_t n;

	do {
		len = sizeof(from);
		n = recvfrom(
		    fd, buf, size, MSG_TRUNC, (struct sockaddr *)&from, &len);
	} while ((n < 0 && errno == EINTR) ||
		 (n >= 0 && (len != sizeof(from) || from.nl_pid != 0)));
	return n > (ssize_t)size ? fail(EBADMSG) : n;
}

/* Reads one datagram of the answer: as sockdiag_walk. */
static int
answer(struct sockdiag *diag, struct sockdiag_reply *reply)
{
	ssize_t n = receive(diag->fd, diag->answer, sizeof(diag->answer));

	if (n < 0)
		return fail(errno == EAGAIN ? ETIMEDOUT : errno);
	return sockdiag_walk(diag->answer, (size_t)n, reply);
}

/*
 * A condition that holds goes on to its jump, which leads to the very end:
 * taken.  One that does not goes to the next step; the last one goes beyond
 * the end: left out.
 */
static void
put_filter(struct nlmsghdr *nlh, const struct filter *filter)
{
	struct step steps[CONDITIONS] = { 0 };
	const struct condition *c;
	size_t i, count = filter->count;

	for (i = 0; i < count; i++) {
		c = &filter->conditions[i];
		steps[i] = (struct step){
			.test = { .code = c->op,
			    .yes = offsetof(struct step, jump),
			    .no = sizeof(struct step) },
			.family = c->family,
			.prefix_len = c->prefix_len,
			.port = -1, /* any */
			.addr = { htonl(c->net) },
			.jump = { .code = INET_DIAG_BC_JMP,
			    .yes = sizeof(struct inet_diag_bc_op) },
		};
		steps[i].jump.no =
		    (unsigned short)(sizeof(steps[i].jump) +
				     (count - 1 - i) * sizeof(struct step));
	}
	if (count == 0)
		return;
	steps[count - 1].test.no += sizeof(struct inet_diag_bc_op);
	mnl_attr_put(
	    nlh, INET_DIAG_REQ_BYTECODE, count * sizeof(struct step), steps);
}

/* TCPDIAG_GETSOCK takes the older request, which has no family to choose. */
static void
put_request(struct nlmsghdr *nlh, const struct ipc_request *request)
{
	struct inet_diag_req_v2 *v2;
	struct inet_diag_req *v1;

	if (request->type == TCPDIAG_GETSOCK) {
		v1 = mnl_nlmsg_put_extra_header(nlh, sizeof(*v1));
		v1->idiag_family = AF_UNSPEC;
		v1->idiag_states = request->filter->states;
	} else {
		v2 = mnl_nlmsg_put_extra_header(nlh, sizeof(*v2));
		v2->sdiag_family = request->family;
		v2->sdiag_protocol = request->protocol;
		v2->idiag_states = request->filter->states;
	}
	put_filter(nlh, request->filter);
}

static struct nlmsghdr *
begin(struct sockdiag *diag, void *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++diag->seq;
	return nlh;
}

/* The kernel does the work here, within send. */
static int
transmit(struct sockdiag *diag, const struct nlmsghdr *nlh)
{
	ssize_t n;

	do
		n = send(diag->fd, nlh, nlh->nlmsg_len, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

static int
keep(const struct sockdiag_socket *socket, void *arg)
{
	struct haul *haul = arg;
	struct sockdiag_socket *sockets;

	if (haul->len == haul->room) {
		haul->room = haul->room == 0 ? 64 : haul->room * 2;
		sockets =
		    reallocarray(haul->sockets, haul->room, sizeof(*sockets));
		if (sockets == NULL)
			return -1;
		haul->sockets = sockets;
	}
	haul->sockets[haul->len++] = *socket;
	return 0;
}

/* One try: 0 done, 1 interrupted, -1 with errno. */
static int
attempt(
    struct sockdiag *diag, const struct ipc_request *request, struct haul *haul)
{
	_Alignas(struct nlmsghdr) char buf[512];
	struct sockdiag_reply reply = {
		.protocol = request->protocol, .take = keep, .arg = haul
	};
	struct nlmsghdr *nlh;
	int rc;

	if (connected(diag) < 0)
		return -1;
	nlh = begin(diag, buf, request->type, NLM_F_DUMP);
	put_request(nlh, request);
	reply.seq = diag->seq;
	reply.portid = diag->portid;
	if (transmit(diag, nlh) < 0)
		return abandon(diag);
	do
		rc = answer(diag, &reply);
	while (rc == 1);
	return rc < 0 ? abandon(diag) : reply.interrupted;
}

static int
dump(
    struct sockdiag *diag, const struct ipc_request *request, struct haul *haul)
{
	size_t before = haul->len;
	int i, rc;

	for (i = 0; i < ATTEMPTS; i++) {
		haul->len = before;
		rc = attempt(diag, request, haul);
		if (rc <= 0)
			return rc;
	}
	return fail(EINTR);
}

static int
dump_families(struct sockdiag *diag, uint8_t protocol,
    const struct filter *filter, struct haul *haul)
{
	struct ipc_request request = { SOCK_DIAG_BY_FAMILY, AF_INET, protocol,
		filter };

	if (dump(diag, &request, haul) < 0)
		return -1;
	request.family = AF_INET6;
	return dump(diag, &request, haul);
}

static bool
refused(int error)
{
	return error == EOPNOTSUPP || error == EINVAL || error == ENOENT ||
	       error == EPERM;
}

/* TCPDIAG_GETSOCK walks the table once for both families. */
static int
dump_tcp(struct sockdiag *diag, const struct filter *filter, struct haul *haul)
{
	struct ipc_request request = { TCPDIAG_GETSOCK, AF_UNSPEC, IPPROTO_TCP,
		filter };
	int rc;

	rc = dump(diag, &request, haul);
	if (rc < 0 && refused(errno)) {
		haul->len = 0;
		rc = dump_families(diag, IPPROTO_TCP, filter, haul);
	}
	return rc;
}

static int
dump_udp(struct sockdiag *diag, const struct filter *filter, struct haul *haul)
{
	return dump_families(diag, IPPROTO_UDP, filter, haul);
}

/* Dumps, then hands out; an error of the dump outranks all. */
static int
each_of(struct sockdiag *diag, const struct filter *filter,
    int (*dumper)(struct sockdiag *, const struct filter *, struct haul *),
    int (*each)(const struct sockdiag_socket *, void *arg), void *arg)
{
	struct haul haul = { NULL, 0, 0 };
	size_t i;
	int rc;

	rc = dumper(diag, filter, &haul);
	for (i = 0; rc == 0 && i < haul.len; i++)
		rc = each(&haul.sockets[i], arg);
	free(haul.sockets); /* keeps errno since glibc 2.33 */
	return rc;
}

static void
require(struct filter *filter, uint8_t op, uint8_t family, uint32_t net,
    int prefix_len)
{
	filter->conditions[filter->count++] =
	    (struct condition){ op, family, (uint8_t)prefix_len, net };
}

static void
require_wildcard(struct filter *filter)
{
	require(filter, INET_DIAG_BC_S_COND, AF_INET, INADDR_ANY, 32);
	require(filter, INET_DIAG_BC_S_COND, AF_INET6, 0, 128);
}

/* --- what the header offers --------------------------------------------- */

struct sockdiag *
sockdiag_open(void)
{
	struct sockdiag *diag = malloc(sizeof(*diag));

	if (diag == NULL)
		return NULL;
	diag->fd = -1;
	diag->seq = 0;
	if (connected(diag) < 0) {
		free(diag);
		return NULL;
	}
	return diag;
}

void
sockdiag_close(struct sockdiag *diag)
{
	if (diag == NULL)
		return;
	if (diag->fd >= 0)
		close(diag->fd);
	free(diag);
}

/* An AF_INET condition holds for v4-mapped addresses too. */
int
sockdiag_tcp_slice(struct sockdiag *diag, uint32_t net, int prefix_len,
    int (*each)(const struct sockdiag_socket *, void *arg), void *arg)
{
	struct filter filter = { .states = ALL_STATES };

	if (prefix_len > 0) {
		require(&filter, INET_DIAG_BC_S_COND, AF_INET, net, prefix_len);
		require(&filter, INET_DIAG_BC_D_COND, AF_INET, net, prefix_len);
	}
	return each_of(diag, &filter, dump_tcp, each, arg);
}

static int
local_tcp(struct sockdiag *diag, uint32_t states, uint32_t net, int prefix_len,
    int (*each)(const struct sockdiag_socket *, void *arg), void *arg)
{
	struct filter filter = { .states = states };

	if (prefix_len > 0) {
		require(&filter, INET_DIAG_BC_S_COND, AF_INET, net, prefix_len);
		require_wildcard(&filter);
	}
	return each_of(diag, &filter, dump_tcp, each, arg);
}

int
sockdiag_tcp_listening(struct sockdiag *diag, uint32_t net, int prefix_len,
    int (*each)(const struct sockdiag_socket *, void *arg), void *arg)
{
	return local_tcp(diag, 1U << TCP_LISTEN, net, prefix_len, each, arg);
}

int
sockdiag_tcp_listeners(struct sockdiag *diag, uint32_t net, int prefix_len,
    int (*each)(const struct sockdiag_socket *, void *arg), void *arg)
{
	return local_tcp(diag, QUIET_STATES, net, prefix_len, each, arg);
}

int
sockdiag_udp(struct sockdiag *diag, uint32_t net, int prefix_len,
    int (*each)(const struct sockdiag_socket *, void *arg), void *arg)
{
	struct filter filter = { .states = ALL_STATES };

	if (prefix_len > 0) {
		require(&filter, INET_DIAG_BC_S_COND, AF_INET, net, prefix_len);
		require(&filter, INET_DIAG_BC_D_COND, AF_INET, net, prefix_len);
		require_wildcard(&filter);
	}
	return each_of(diag, &filter, dump_udp, each, arg);
}

int
sockdiag_watch_open(void)
{
	static const int groups[] = { SKNLGRP_INET_TCP_DESTROY,
		SKNLGRP_INET6_TCP_DESTROY };
	size_t i;
	int fd;

	fd = netlink(SOCK_NONBLOCK);
	for (i = 0; fd >= 0 && i < sizeof(groups) / sizeof(*groups); i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
			&groups[i], sizeof(groups[i])) < 0)
			fd = close_keeping_errno(fd);
	return fd;
}

/* What cannot be read is passed over: the caller looks again anyway. */
static int
msg(const char *datagram, ssize_t len,
    int (*each)(const struct sockdiag_socket *, void *arg), void *arg)
{
	const struct nlmsghdr *nlh = (const void *)datagram;
	struct sockdiag_socket socket;
	int left = (int)len, rc = 0;

	for (; rc == 0 && fits(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		if (nlh->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
		    sockdiag_decode(mnl_nlmsg_get_payload(nlh),
			mnl_nlmsg_get_payload_len(nlh), &socket) == 0)
			rc = each(&socket, arg);
	return rc;
}

int
sockdiag_watch_read(
    int fd, int (*each)(const struct sockdiag_socket *, void *arg), void *arg)
{
	_Alignas(struct nlmsghdr) char buf[8192];
	int i, rc = 0;
	ssize_t n;

	for (i = 0; rc == 0 && i < WATCH_BATCH; i++) {
		n = receive(fd, buf, sizeof(buf));
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		rc = msg(buf, n, each, arg);
	}
	return rc;
}

static bool
mapped(const struct in6_addr *addr)
{
	return IN6_IS_ADDR_V4MAPPED(addr);
}

static uint32_t
ipv4(const struct in6_addr *addr)
{
	uint32_t word;

	memcpy(&word, &addr->s6_addr[12], sizeof(word));
	return ntohl(word);
}

bool
sockdiag_wildcard(const struct sockdiag_socket *socket)
{
	return IN6_IS_ADDR_UNSPECIFIED(&socket->laddr) ||
	       (mapped(&socket->laddr) && ipv4(&socket->laddr) == INADDR_ANY);
}

bool
sockdiag_within(const struct in6_addr *addr, uint32_t net, int prefix_len)
{
	uint32_t mask = prefix_len == 0 ? 0 : UINT32_MAX << (32 - prefix_len);

	return mapped(addr) && ((ipv4(addr) ^ net) & mask) == 0;
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

char *
sockdiag_endpoint(
    const struct in6_addr *addr, uint16_t port, char text[SOCKDIAG_ENDPOINT])
{
	char host[INET6_ADDRSTRLEN] = "";
	bool v4 = mapped(addr);

	/* Neither can fail: the family is known and the room is enough. */
	if (v4)
		inet_ntop(AF_INET, &addr->s6_addr[12], host, sizeof(host));
	else
		inet_ntop(AF_INET6, addr, host, sizeof(host));
	(void)snprintf(text, SOCKDIAG_ENDPOINT, v4 ? "%s:%u" : "[%s]:%u", host,
	    (unsigned int)port);
	return text;
}
