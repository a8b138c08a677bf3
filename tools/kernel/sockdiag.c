/* SPDX-License-Identifier: ISC */
/*
 * Asks NETLINK_SOCK_DIAG.  See sock_diag(7) and,
 * in the kernel, net/ipv4/inet_diag.c.
 */
#include "kernel/sockdiag.h"
#include "base/fail.h"
#include "kernel/netlink.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT     5 /* seconds for an answer; the kernel needs ms */
#define ANSWER_SIZE 32768 /* what the kernel fills at most in one go */
#define ATTEMPTS    5 /* at a dump that was interrupted */
#define CONDITIONS  4
#define ALL_STATES  0x3fffU /* up to bit 13 */

/* Where the prefix may stand, beside the local end. */
enum { REMOTE = 1, WILDCARD = 2 };

struct sockdiag {
	int fd; /* -1 after a failure, until the next request */
	uint32_t portid;
	uint32_t seq;
	_Alignas(struct nlmsghdr) char answer[ANSWER_SIZE];
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

/* Which sockets: any of the conditions, or all when there are none. */
struct query {
	uint8_t protocol;
	uint8_t family; /* AF_UNSPEC: both, of TCP alone */
	uint32_t states;
	size_t count;
	struct step steps[CONDITIONS];
};

/* After a failure the rest of an answer may still be on its way. */
static int
abandon(struct sockdiag *diag)
{
	if (diag->fd >= 0)
		diag->fd = close_quietly(diag->fd);
	return -1;
}

static int
connected(struct sockdiag *diag)
{
	struct timeval timeout = { .tv_sec = TIMEOUT };
	struct sockaddr_nl self = { 0 };
	socklen_t len = sizeof(self);

	if (diag->fd >= 0)
		return 0;
	diag->fd = netlink_open(0);
	if (diag->fd < 0)
		return -1;
	if (setsockopt(diag->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout,
		sizeof(timeout)) < 0 ||
	    getsockname(diag->fd, (struct sockaddr *)&self, &len) < 0)
		return abandon(diag);
	diag->portid = self.nl_pid;
	return 0;
}

/* Reads one datagram of the answer: as sockdiag_walk. */
static int
answer(struct sockdiag *diag, struct sockdiag_reply *reply)
{
	ssize_t n =
	    netlink_receive(diag->fd, diag->answer, sizeof(diag->answer));

	if (n < 0)
		return fail(errno == EAGAIN ? ETIMEDOUT : errno);
	return sockdiag_walk(diag->answer, (size_t)n, reply);
}

/* Room for more at the end of a message, all of it 0. */
static void *
put(struct nlmsghdr *nlh, size_t size)
{
	char *at = (char *)nlh + NLMSG_ALIGN(nlh->nlmsg_len);

	memset(at, 0, NLMSG_ALIGN(size));
	nlh->nlmsg_len =
	    NLMSG_ALIGN(nlh->nlmsg_len) + (uint32_t)NLMSG_ALIGN(size);
	return at;
}

static void
put_bytecode(struct nlmsghdr *nlh, const struct query *query)
{
	size_t size = query->count * sizeof(struct step);
	struct rtattr *attr = put(nlh, RTA_LENGTH(size));

	attr->rta_type = INET_DIAG_REQ_BYTECODE;
	attr->rta_len = (unsigned short)RTA_LENGTH(size);
	memcpy(RTA_DATA(attr), query->steps, size);
}

/* AF_UNSPEC takes the older request, which has no family to choose. */
static void
put_query(struct nlmsghdr *nlh, const struct query *query)
{
	struct inet_diag_req_v2 *v2;
	struct inet_diag_req *v1;

	if (query->family == AF_UNSPEC) {
		nlh->nlmsg_type = TCPDIAG_GETSOCK;
		v1 = put(nlh, sizeof(*v1));
		v1->idiag_states = query->states;
	} else {
		nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
		v2 = put(nlh, sizeof(*v2));
		v2->sdiag_family = query->family;
		v2->sdiag_protocol = query->protocol;
		v2->idiag_states = query->states;
	}
	if (query->count > 0)
		put_bytecode(nlh, query);
}

/* The kernel does the work here, within send. */
static int
transmit(struct sockdiag *diag, const struct query *query)
{
	_Alignas(struct nlmsghdr) char buf[512];
	struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
	ssize_t n;

	*nlh = (struct nlmsghdr){ .nlmsg_len = NLMSG_HDRLEN };
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++diag->seq;
	put_query(nlh, query);
	do
		n = send(diag->fd, nlh, nlh->nlmsg_len, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

/* One try: 0 done, 1 interrupted, -1 with errno. */
static int
attempt(struct sockdiag *diag, const struct query *query, struct sockets *out)
{
	struct sockdiag_reply reply = { .protocol = query->protocol,
		.out = out };
	int rc;

	if (connected(diag) < 0)
		return -1;
	if (transmit(diag, query) < 0)
		return abandon(diag);
	reply.seq = diag->seq;
	reply.portid = diag->portid;
	do
		rc = answer(diag, &reply);
	while (rc == 1);
	return rc < 0 ? abandon(diag) : reply.interrupted;
}

static int
dump(struct sockdiag *diag, const struct query *query, struct sockets *out)
{
	size_t before = out->n;
	int rc;

	for (int i = 0; i < ATTEMPTS; i++) {
		rc = attempt(diag, query, out);
		if (rc == 0)
			return 0;
		out->n = before;
		if (rc < 0)
			return -1;
	}
	return fail(EINTR);
}

static int
dump_families(struct sockdiag *diag, struct query query, struct sockets *out)
{
	size_t before = out->n;

	query.family = AF_INET;
	if (dump(diag, &query, out) < 0)
		return -1;
	query.family = AF_INET6;
	if (dump(diag, &query, out) == 0)
		return 0;
	out->n = before;
	return -1;
}

/*
 * A condition that holds goes on to its jump, which leads to the very end:
 * taken.  One that does not goes to the next step; the last one goes beyond
 * the end: left out.
 */
static void
link_steps(struct query *query)
{
	size_t behind = query->count * sizeof(struct step);

	for (size_t i = 0; i < query->count; i++) {
		struct step *step = &query->steps[i];

		behind -= sizeof(*step);
		step->test.yes = offsetof(struct step, jump);
		step->test.no = sizeof(*step);
		step->jump = (struct inet_diag_bc_op){ INET_DIAG_BC_JMP,
			sizeof(step->jump),
			(uint16_t)(sizeof(step->jump) + behind) };
		if (behind == 0)
			step->test.no += sizeof(step->jump);
	}
}

static void
require(struct query *query, uint8_t op, uint8_t family, uint32_t net,
    int prefix_len)
{
	query->steps[query->count++] = (struct step){
		.test.code = op, /* INET_DIAG_BC_S_COND or _D_COND */
		.family = family,
		.prefix_len = (uint8_t)prefix_len,
		.port = -1, /* any */
		.addr = { htonl(net) },
	};
}

/* An AF_INET condition holds for v4-mapped addresses, too. */
static struct query
query_of(uint8_t protocol, uint32_t states, uint32_t net, int prefix_len,
    unsigned int ends)
{
	struct query query = { .protocol = protocol, .states = states };

	if (prefix_len == 0)
		return query;
	require(&query, INET_DIAG_BC_S_COND, AF_INET, net, prefix_len);
	if (ends & REMOTE)
		require(&query, INET_DIAG_BC_D_COND, AF_INET, net, prefix_len);
	if (ends & WILDCARD) {
		require(&query, INET_DIAG_BC_S_COND, AF_INET, INADDR_ANY, 32);
		require(&query, INET_DIAG_BC_S_COND, AF_INET6, 0, 128);
	}
	link_steps(&query);
	return query;
}

/* The same where the end has this port, too; 0 is any. */
static struct query
query_at(uint8_t protocol, uint32_t net, int prefix_len, uint16_t port)
{
	struct query query =
	    query_of(protocol, ALL_STATES, net, prefix_len, REMOTE | WILDCARD);

	if (port == 0)
		return query;
	if (prefix_len == 0) {
		require(&query, INET_DIAG_BC_S_COND, AF_UNSPEC, 0, 0);
		require(&query, INET_DIAG_BC_D_COND, AF_UNSPEC, 0, 0);
		link_steps(&query);
	}
	for (size_t i = 0; i < query.count; i++)
		query.steps[i].port = port;
	return query;
}

/* TCPDIAG_GETSOCK walks the table once for both families. */
static int
dump_both(struct sockdiag *diag, struct query query, struct sockets *out)
{
	int rc = dump(diag, &query, out);

	if (rc < 0 && (errno == EOPNOTSUPP || errno == EINVAL ||
			  errno == ENOENT || errno == EPERM))
		return dump_families(diag, query, out);
	return rc;
}

static int
dump_tcp(struct sockdiag *diag, uint32_t states, uint32_t net, int prefix_len,
    unsigned int ends, struct sockets *out)
{
	return dump_both(
	    diag, query_of(IPPROTO_TCP, states, net, prefix_len, ends), out);
}

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

int
sockdiag_tcp(
    struct sockdiag *diag, uint32_t net, int prefix_len, struct sockets *out)
{
	return dump_tcp(diag, ALL_STATES, net, prefix_len, REMOTE, out);
}

int
sockdiag_tcp_wide(
    struct sockdiag *diag, uint32_t net, int prefix_len, struct sockets *out)
{
	return dump_tcp(
	    diag, ALL_STATES, net, prefix_len, REMOTE | WILDCARD, out);
}

int
sockdiag_tcp_listening(
    struct sockdiag *diag, uint32_t net, int prefix_len, struct sockets *out)
{
	return dump_tcp(diag, 1U << TCP_LISTEN, net, prefix_len, WILDCARD, out);
}

int
sockdiag_tcp_bound(
    struct sockdiag *diag, uint32_t net, int prefix_len, struct sockets *out)
{
	return dump_tcp(diag, 1U << TCP_LISTEN | 1U << SOCKDIAG_BOUND, net,
	    prefix_len, WILDCARD, out);
}

int
sockdiag_udp(
    struct sockdiag *diag, uint32_t net, int prefix_len, struct sockets *out)
{
	return dump_families(diag,
	    query_of(
		IPPROTO_UDP, ALL_STATES, net, prefix_len, REMOTE | WILDCARD),
	    out);
}

int
sockdiag_at(struct sockdiag *diag, uint32_t net, int prefix_len, uint16_t port,
    struct sockets *out)
{
	size_t before = out->n;

	if (dump_both(
		diag, query_at(IPPROTO_TCP, net, prefix_len, port), out) == -1)
		return -1;
	if (dump_families(
		diag, query_at(IPPROTO_UDP, net, prefix_len, port), out) == 0)
		return 0;
	out->n = before;
	return -1;
}
