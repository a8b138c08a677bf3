/* SPDX-License-Identifier: ISC */
/*
 * An independent witness: asks the kernel every few milliseconds who listens
 * on 127.0.0.0/8, and knows nothing of leases but this: a tenant listens on a
 * port of its own from 10000 to 27999, so two such ports on one /24 are two
 * tenants.  Uses nothing of the tools.
 *
 * On SIGTERM it looks a last time, at all TCP and UDP sockets, prints what it
 * has seen, and exits 1 if two tenants shared an address or a socket is left.
 */
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	FIRST = 10000, /* the ports that tell tenants from each other */
	LAST = 27999,
	MANY = 8192,
	EVERY = 4, /* milliseconds */
	ALL = -1
};

struct seen {
	uint32_t address; /* host order */
	uint16_t port;
	uint32_t inode;
	uint64_t cookie;
};

static struct {
	struct seen list[MANY];
	size_t n;
} now, before;

static struct {
	unsigned long samples, shared, flickers;
	unsigned int most; /* tenants at once */
	bool tenant[LAST + 1];
	bool slice[1 << 16]; /* by the middle 16 bits of the address */
} tally;

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
	struct seen *s = &now.list[now.n];

	if (now.n == MANY)
		errx(1, "too many sockets");
	s->address = address_of(m);
	s->port = ntohs(m->id.idiag_sport);
	s->inode = m->idiag_inode;
	memcpy(&s->cookie, m->id.idiag_cookie, sizeof(s->cookie));
	now.n++;
}

static void
ask(int fd, uint8_t family, uint8_t protocol, uint32_t states)
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

	if (send(fd, &message, sizeof(message), 0) == -1)
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
dump(int fd, uint8_t family, uint8_t protocol, uint32_t states)
{
	static _Alignas(struct nlmsghdr) char data[65536];
	ssize_t n;

	ask(fd, family, protocol, states);
	do {
		n = recv(fd, data, sizeof(data), 0);
		if (n == -1 && errno != EINTR)
			err(1, "sock_diag");
	} while (n == -1 || !take(data, (size_t)n));
}

static bool
telling(const struct seen *s)
{
	return s->port >= FIRST && s->port <= LAST && s->address >> 24 == 127;
}

/* Two tellers on one slice; an adopted address is a slice of its own here. */
static bool
quarrel(const struct seen *a, const struct seen *b)
{
	return telling(a) && telling(b) && a->port != b->port &&
	       a->address >> 8 == b->address >> 8;
}

static int
by_slice(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	if (x->address >> 8 != y->address >> 8)
		return x->address >> 8 < y->address >> 8 ? -1 : 1;
	return (x->port > y->port) - (x->port < y->port);
}

static void
listeners(int fd)
{
	now.n = 0;
	dump(fd, AF_INET, IPPROTO_TCP, 1 << TCP_LISTEN);
	dump(fd, AF_INET6, IPPROTO_TCP, 1 << TCP_LISTEN);
	qsort(now.list, now.n, sizeof(*now.list), by_slice);
}

static bool
still_there(const struct seen *s)
{
	for (size_t i = 0; i < now.n; i++)
		if (now.list[i].cookie == s->cookie)
			return true;
	return false;
}

/*
 * A dump is no snapshot: one of two may have gone before the other came.  When
 * both are there in a second look, they were there together.
 */
static void
suspect(int fd, const struct seen *a, const struct seen *b)
{
	struct seen one = *a, two = *b;

	listeners(fd);
	if (!still_there(&one) || !still_there(&two)) {
		tally.flickers++;
		return;
	}
	tally.shared++;
	printf("observer: 127.%u.%u.%u: tenants %u and %u at once\n",
	    one.address >> 16 & 255, one.address >> 8 & 255, one.address & 255,
	    one.port, two.port);
}

static void
sample(int fd)
{
	unsigned int tenants = 0;

	listeners(fd);
	tally.samples++;
	before = now;
	for (size_t i = 0; i < before.n; i++) {
		const struct seen *s = &before.list[i];

		if (!telling(s))
			continue;
		tenants++;
		tally.tenant[s->port] = true;
		tally.slice[s->address >> 8 & 0xffff] = true;
		if (i > 0 && quarrel(&before.list[i - 1], s))
			suspect(fd, &before.list[i - 1], s);
	}
	if (tenants > tally.most)
		tally.most = tenants;
}

static unsigned int
left(int fd)
{
	unsigned int n = 0;

	now.n = 0;
	dump(fd, AF_INET, IPPROTO_TCP, 0x3fff);
	dump(fd, AF_INET6, IPPROTO_TCP, 0x3fff);
	dump(fd, AF_INET, IPPROTO_UDP, 0x3fff);
	dump(fd, AF_INET6, IPPROTO_UDP, 0x3fff);
	for (size_t i = 0; i < now.n; i++) {
		const struct seen *s = &now.list[i];

		if (s->inode == 0)
			continue;
		n++;
		printf("observer: left: %u.%u.%u.%u port %u\n",
		    s->address >> 24, s->address >> 16 & 255,
		    s->address >> 8 & 255, s->address & 255, s->port);
	}
	return n;
}

static unsigned int
count(const bool *flags, size_t n)
{
	unsigned int set = 0;

	for (size_t i = 0; i < n; i++)
		set += flags[i];
	return set;
}

int
main(void)
{
	struct pollfd end = { .events = POLLIN };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	unsigned int remain;
	sigset_t set;

	if (fd == -1)
		err(1, "sock_diag");
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	end.fd = signalfd(-1, &set, SFD_CLOEXEC);
	while (poll(&end, 1, EVERY) == 0)
		sample(fd);
	remain = left(fd);
	printf("observer: %lu looks, %u tenants on %u slices, at most %u at "
	       "once\n",
	    tally.samples, count(tally.tenant, LAST + 1),
	    count(tally.slice, 1 << 16), tally.most);
	printf("observer: %lu addresses with two tenants (%lu flickers), %u "
	       "sockets left\n",
	    tally.shared, tally.flickers, remain);
	return tally.shared > 0 || remain > 0;
}
