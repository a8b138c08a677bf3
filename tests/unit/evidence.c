/* SPDX-License-Identifier: ISC */
/* Sockets of our own: whose they are, and whom they crowd out. */
#include "proof/evidence.h"
#include "proof/quiesce.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STRANGERS = 4 * EVIDENCE_LEFT, HELD = 16 };

/* Nobody else's, outside the pool; see story_address. */
static uint32_t
address(void)
{
	return 0x7f100000U | ((uint32_t)getpid() & 0xfffffU);
}

static int
udp(uint32_t ip)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(ip) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	return fd;
}

/* Every port is declared. */
static struct terms
terms_of_all(uint32_t ip)
{
	return (struct terms){ .leased = ip,
		.flags = TERMS_ADOPTED,
		.nports = 1,
		.ports = { { 1, 65535 } } };
}

static size_t
count(const struct evidence *e, enum left_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < e->nleft; i++)
		n += e->left[i].kind == kind;
	return n;
}

/* The kernel lists them by port, so mixed. */
Test(evidence, strangers_crowd_out_nobody_of_the_lease)
{
	struct terms t = terms_of_all(address());
	struct sockdiag *diag = sockdiag_open();
	struct evidence e = { 0 };

	for (int i = 0; i < STRANGERS; i++)
		(void)udp(INADDR_ANY);
	for (int i = 0; i < HELD; i++)
		(void)udp(t.leased);
	evidence_sockets(&e, diag, &t, NULL);
	cr_expect_eq(e.held, HELD);
	cr_expect_eq(count(&e, LEFT_LEASE), HELD);
	cr_expect_eq(e.nleft, (size_t)EVIDENCE_LEFT);
	cr_assert_not_null(evidence_held(&e));
	cr_expect_eq(evidence_held(&e)->kind, LEFT_LEASE);
	sockdiag_close(diag);
}

static uint64_t
cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	cr_assert_eq(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len), 0);
	return cookie;
}

static const struct leftover *
left_of(const struct evidence *e, int fd)
{
	for (size_t i = 0; i < e->nleft; i++)
		if (e->left[i].socket.cookie == cookie_of(fd))
			return &e->left[i];
	return NULL;
}

static int
client_of(const struct sockaddr_in *server)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(
	    connect(fd, (const struct sockaddr *)server, sizeof(*server)), 0);
	return fd;
}

/* Both have the source 127.0.0.1. */
Test(evidence, a_client_of_the_lease_is_told_from_a_strangers)
{
	struct terms t = { .leased = address() };
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(t.leased) };
	socklen_t len = sizeof(sin);
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockdiag *diag = sockdiag_open();
	struct record *r = calloc(1, sizeof(*r));
	struct sockcall entry = { .call = EVENT_CONNECT, .pid = getpid() };
	struct evidence e = { 0 };
	int own, stranger;

	cr_assert_eq(bind(server, (struct sockaddr *)&sin, len), 0);
	cr_assert_eq(getsockname(server, (struct sockaddr *)&sin, &len), 0);
	cr_assert_eq(listen(server, 2), 0);
	own = client_of(&sin);
	stranger = client_of(&sin);
	entry.cookie = cookie_of(own);
	record_event(r, &entry);
	evidence_sockets(&e, diag, &t, r);
	cr_assert_not_null(left_of(&e, own));
	cr_expect_eq(left_of(&e, own)->kind, LEFT_RECORD);
	cr_expect_null(left_of(&e, stranger));
	cr_expect_eq(e.fading, 1);
	free(r);
	sockdiag_close(diag);
}

Test(evidence, who_calls_a_socket_the_leases_is_told)
{
	int inside = udp(address()), client = udp(INADDR_ANY),
	    stranger = udp(INADDR_ANY);
	struct terms t = terms_of_all(address());
	struct record *r = calloc(1, sizeof(*r));
	struct sockcall entry = {
		.call = EVENT_BIND, .pid = getpid(), .cookie = cookie_of(client)
	};
	struct sockdiag *diag = sockdiag_open();
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	struct evidence e = { 0 };

	cr_assert_eq(getsockname(stranger, (struct sockaddr *)&sin, &len), 0);
	t.ports[0].first = t.ports[0].last = ntohs(sin.sin_port);
	t.nports = 2;
	len = sizeof(sin);
	cr_assert_eq(getsockname(inside, (struct sockaddr *)&sin, &len), 0);
	t.ports[1].first = t.ports[1].last = ntohs(sin.sin_port);
	record_event(r, &entry);
	evidence_sockets(&e, diag, &t, r);
	cr_assert(left_of(&e, inside) != NULL && left_of(&e, client) != NULL &&
		  left_of(&e, stranger) != NULL);
	cr_expect_eq(left_of(&e, inside)->kind, LEFT_LEASE);
	cr_expect_eq(left_of(&e, client)->kind, LEFT_RECORD);
	cr_expect_eq(left_of(&e, stranger)->kind, LEFT_FOREIGN);
	cr_expect_eq(e.held, 2);
	sockdiag_close(diag);
	free(r);
}

static void
put_in_flight(int to, int fd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = (char[]){ 'x' }, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	cr_assert_eq(sendmsg(to, &msg, 0), 1);
	close(fd);
}

/* The message is dropped unread, and the socket with it. */
static void *
land(void *arg)
{
	int *pair = arg;

	(void)poll(NULL, 0, 300);
	close(pair[0]);
	close(pair[1]);
	return NULL;
}

Test(quiesce, a_strangers_socket_does_not_end_the_wait_for_the_leases_own)
{
	int stranger = udp(INADDR_ANY), held = udp(address()), pair[2];
	struct terms t = terms_of_all(address());
	struct sockdiag *diag = sockdiag_open();
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	struct evidence e = { 0 };
	pthread_t thread;

	cr_assert_eq(getsockname(stranger, (struct sockaddr *)&sin, &len), 0);
	t.ports[0].first = t.ports[0].last = ntohs(sin.sin_port);
	len = sizeof(sin);
	cr_assert_eq(getsockname(held, (struct sockaddr *)&sin, &len), 0);
	t.ports[1].first = t.ports[1].last = ntohs(sin.sin_port);
	t.nports = 2;
	cr_assert_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	put_in_flight(pair[0], held);
	cr_assert_eq(pthread_create(&thread, NULL, land, pair), 0);
	cr_expect_eq(quiesce(&e, diag, &t, NULL), VERDICT_CLEAN);
	cr_expect_eq(pthread_join(thread, NULL), 0);
	cr_expect_eq(e.held, 0);
	sockdiag_close(diag);
}
