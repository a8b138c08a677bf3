/* SPDX-License-Identifier: ISC */
/*
 * Asks NETLINK_SOCK_DIAG, with libmnl for the messages.  See sock_diag(7) and,
 * in the kernel, net/ipv4/inet_diag.c.
 */
#include "kernel/sockdiag.h"
#include "kernel/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdlib.h>
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

struct dump_request {
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
	    getsockname(diag->fd, (struct sockaddr *)&self, &len) < 0) {
		diag->fd = netlink_close(diag->fd);
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
		diag->fd = netlink_close(diag->fd);
	return -1;
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
put_request(struct nlmsghdr *nlh, const struct dump_request *request)
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

/* One try: 0 done, 1 interrupted, -1 with errno. */
static int
attempt(struct sockdiag *diag, const struct dump_request *request,
    struct sockets *out)
{
	_Alignas(struct nlmsghdr) char buf[512];
	struct sockdiag_reply reply = { .protocol = request->protocol,
		.out = out };
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
dump(struct sockdiag *diag, const struct dump_request *request,
    struct sockets *out)
{
	size_t before = out->n;
	int rc = 1;

	for (int i = 0; i < ATTEMPTS; i++) {
		rc = attempt(diag, request, out);
		if (rc == 0)
			return 0;
		out->n = before;
		if (rc < 0)
			return -1;
	}
	return fail(EINTR);
}

static int
dump_families(struct sockdiag *diag, uint8_t protocol,
    const struct filter *filter, struct sockets *out)
{
	struct dump_request request = { SOCK_DIAG_BY_FAMILY, AF_INET, protocol,
		filter };
	size_t before = out->n;

	if (dump(diag, &request, out) < 0)
		return -1;
	request.family = AF_INET6;
	if (dump(diag, &request, out) == 0)
		return 0;
	out->n = before;
	return -1;
}

static bool
refused(int error)
{
	return error == EOPNOTSUPP || error == EINVAL || error == ENOENT ||
	       error == EPERM;
}

/* TCPDIAG_GETSOCK walks the table once for both families. */
static int
dump_tcp(
    struct sockdiag *diag, const struct filter *filter, struct sockets *out)
{
	struct dump_request request = { TCPDIAG_GETSOCK, AF_UNSPEC, IPPROTO_TCP,
		filter };
	int rc = dump(diag, &request, out);

	if (rc < 0 && refused(errno))
		return dump_families(diag, IPPROTO_TCP, filter, out);
	return rc;
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

static void
require(struct filter *filter, uint8_t op, uint8_t family, uint32_t net,
    int prefix_len)
{
	filter->conditions[filter->count++] =
	    (struct condition){ op, family, (uint8_t)prefix_len, net };
}

/* An AF_INET condition holds for v4-mapped addresses, too. */
static struct filter
filter_of(uint32_t states, uint32_t net, int prefix_len, unsigned int ends)
{
	struct filter filter = { .states = states };

	if (prefix_len == 0)
		return filter;
	require(&filter, INET_DIAG_BC_S_COND, AF_INET, net, prefix_len);
	if (ends & REMOTE)
		require(&filter, INET_DIAG_BC_D_COND, AF_INET, net, prefix_len);
	if (ends & WILDCARD) {
		require(&filter, INET_DIAG_BC_S_COND, AF_INET, INADDR_ANY, 32);
		require(&filter, INET_DIAG_BC_S_COND, AF_INET6, 0, 128);
	}
	return filter;
}

int
sockdiag_tcp(
    struct sockdiag *diag, uint32_t net, int prefix_len, struct sockets *out)
{
	struct filter filter = filter_of(ALL_STATES, net, prefix_len, REMOTE);

	return dump_tcp(diag, &filter, out);
}

int
sockdiag_tcp_listening(
    struct sockdiag *diag, uint32_t net, int prefix_len, struct sockets *out)
{
	struct filter filter =
	    filter_of(1U << TCP_LISTEN, net, prefix_len, WILDCARD);

	return dump_tcp(diag, &filter, out);
}

int
sockdiag_tcp_bound(
    struct sockdiag *diag, uint32_t net, int prefix_len, struct sockets *out)
{
	struct filter filter = filter_of(
	    1U << TCP_LISTEN | 1U << SOCKDIAG_BOUND, net, prefix_len, WILDCARD);

	return dump_tcp(diag, &filter, out);
}

int
sockdiag_udp(
    struct sockdiag *diag, uint32_t net, int prefix_len, struct sockets *out)
{
	struct filter filter =
	    filter_of(ALL_STATES, net, prefix_len, REMOTE | WILDCARD);

	return dump_families(diag, IPPROTO_UDP, &filter, out);
}
