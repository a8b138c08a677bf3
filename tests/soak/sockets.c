/* SPDX-License-Identifier: ISC */
#include "look.h"

#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sockets sockets_now;

static int netlink = -1;

void
sockets_open(void)
{
	netlink =
	    socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (netlink == -1)
		err(1, "sock_diag");
}

static uint32_t
address_of(const struct inet_diag_msg *m)
{
	const uint32_t *word = m->id.idiag_src;

	/* v4-mapped when the first two are 0 and the third is ::ffff: */
	if (m->idiag_family == AF_INET6)
		word = word[0] == 0 && word[1] == 0 ? &word[3] : &word[0];
	return ntohl(*word);
}

static void
keep(const struct inet_diag_msg *m)
{
	struct seen *s = &sockets_now.list[sockets_now.n];

	if (sockets_now.n == MANY)
		errx(1, "too many sockets");
	s->address = address_of(m);
	s->port = ntohs(m->id.idiag_sport);
	s->inode = m->idiag_inode;
	memcpy(&s->cookie, m->id.idiag_cookie, sizeof(s->cookie));
	sockets_now.n++;
}

static void
ask(uint8_t family, uint8_t protocol, uint32_t states)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
	} message = {
		.header = { .nlmsg_len = sizeof(message),
		    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.request = { .sdiag_family = family,
		    .sdiag_protocol = protocol,
		    .idiag_states = states },
	};

	if (send(netlink, &message, sizeof(message), 0) == -1)
		err(1, "sock_diag");
}

/* True when the answer is over. */
static bool
take(char *data, size_t len)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(void *)data;

	for (; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
		if (h->nlmsg_type == NLMSG_DONE)
			return true;
		if (h->nlmsg_type == NLMSG_ERROR)
			errx(1, "sock_diag refused");
		keep(NLMSG_DATA(h));
	}
	return false;
}

static void
dump(uint8_t family, uint8_t protocol, uint32_t states)
{
	static _Alignas(struct nlmsghdr) char data[65536];
	ssize_t n;

	ask(family, protocol, states);
	do {
		n = recv(netlink, data, sizeof(data), 0);
		if (n == -1 && errno != EINTR)
			err(1, "sock_diag");
	} while (n == -1 || !take(data, (size_t)n));
}

static int
by_slice(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	if (x->address >> 8 != y->address >> 8)
		return x->address >> 8 < y->address >> 8 ? -1 : 1;
	return (x->port > y->port) - (x->port < y->port);
}

void
sockets_listening(void)
{
	sockets_now.n = 0;
	dump(AF_INET, IPPROTO_TCP, 1 << TCP_LISTEN);
	dump(AF_INET6, IPPROTO_TCP, 1 << TCP_LISTEN);
	qsort(sockets_now.list, sockets_now.n, sizeof(*sockets_now.list),
	    by_slice);
}

void
sockets_all(void)
{
	sockets_now.n = 0;
	dump(AF_INET, IPPROTO_TCP, 0x3fff);
	dump(AF_INET6, IPPROTO_TCP, 0x3fff);
	dump(AF_INET, IPPROTO_UDP, 0x3fff);
	dump(AF_INET6, IPPROTO_UDP, 0x3fff);
}
