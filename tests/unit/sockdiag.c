/* SPDX-License-Identifier: ISC */
/*
 * The decoder fed with rows and with garbage; then the kernel asked about
 * sockets of our own, on random addresses outside the pool of leases.
 */
#include "kernel/sockdiag.h"
#include "base/text.h"
#include "kernel/sockwatch.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SEQ    77U
#define PORTID 4242U

/* A datagram as the kernel would send it. */
struct datagram {
	size_t len;
	_Alignas(struct nlmsghdr) char bytes[1024];
};

static void
put(struct datagram *d, uint16_t type, uint16_t flags, const void *payload,
    size_t len)
{
	struct nlmsghdr header = { .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + len),
		.nlmsg_type = type,
		.nlmsg_flags = flags,
		.nlmsg_seq = SEQ,
		.nlmsg_pid = PORTID };

	memcpy(d->bytes + d->len, &header, sizeof(header));
	memcpy(d->bytes + d->len + NLMSG_HDRLEN, payload, len);
	d->len += NLMSG_ALIGN(header.nlmsg_len);
}

static void
put_code(struct datagram *d, uint16_t type, int code)
{
	put(d, type, 0, &code, sizeof(code));
}

static struct inet_diag_msg
a_listener(void)
{
	return (struct inet_diag_msg){
		.idiag_family = AF_INET,
		.idiag_state = TCP_LISTEN,
		.idiag_timer = 2,
		.id = { .idiag_sport = htons(9926),
		    .idiag_src = { htonl(0x7f010203) },
		    .idiag_cookie = { 0x89abcdef, 0x01234567 } },
		.idiag_expires = 250,
		.idiag_rqueue = 1,
		.idiag_wqueue = 511,
		.idiag_uid = 1000,
		.idiag_inode = 4711,
	};
}

static struct sockdiag_reply
reply_to(struct sockets *out)
{
	return (struct sockdiag_reply){ .seq = SEQ,
		.portid = PORTID,
		.protocol = IPPROTO_TCP,
		.out = out };
}

Test(sockdiag, decodes_an_ipv4_listener)
{
	struct inet_diag_msg msg = a_listener();
	struct sockdiag_socket s;
	char text[TEXT_ENDPOINT];

	cr_assert_eq(sockdiag_decode(&msg, sizeof(msg), &s), 0);
	cr_expect_eq(s.family, AF_INET);
	cr_expect_eq(s.state, TCP_LISTEN);
	cr_expect_eq(s.inode, 4711);
	cr_expect_eq(s.cookie, 0x0123456789abcdef);
	cr_expect_str_eq(text_endpoint(&s.local, text), "127.1.2.3:9926");
	cr_expect_str_eq(text_endpoint(&s.remote, text), "0.0.0.0:0");
	cr_expect_not(s.v6only);
}

Test(sockdiag, decodes_the_attributes)
{
	struct {
		struct inet_diag_msg msg;
		struct nlattr unknown;
		uint32_t what;
		struct nlattr v6only;
		uint32_t yes;
		struct nlattr protocol;
		uint32_t udp;
	} answer = { a_listener(), { 8, 999 }, 1, { 5, INET_DIAG_SKV6ONLY }, 1,
		{ 5, INET_DIAG_PROTOCOL }, IPPROTO_UDP };
	struct sockdiag_socket s;

	answer.msg.idiag_family = AF_INET6;
	memset(answer.msg.id.idiag_src, 0, 16);
	cr_assert_eq(sockdiag_decode(&answer, sizeof(answer), &s), 0);
	cr_expect(s.v6only);
	cr_expect_eq(s.protocol, IPPROTO_UDP);
	cr_expect(sockdiag_wildcard(&s));
	/* A length that points beyond the end ends the attributes. */
	answer.v6only.nla_len = 500;
	cr_assert_eq(sockdiag_decode(&answer, sizeof(answer), &s), 0);
	cr_expect_not(s.v6only);
	/* And an empty attribute says nothing. */
	answer.v6only.nla_len = 4;
	cr_assert_eq(sockdiag_decode(&answer, sizeof(answer), &s), 0);
	cr_expect_not(s.v6only);
}

Test(sockdiag, refuses_what_is_short_or_of_another_family)
{
	static const uint8_t families[] = { 0, AF_UNIX, 3, AF_NETLINK, 255 };
	struct inet_diag_msg msg = a_listener();
	struct sockdiag_socket s;
	size_t i;

	cr_expect_eq(sockdiag_decode(&msg, 0, &s), -1);
	cr_expect_eq(sockdiag_decode(&msg, sizeof(msg) - 1, &s), -1);
	for (i = 0; i < sizeof(families); i++) {
		msg.idiag_family = families[i];
		errno = 0;
		cr_expect_eq(sockdiag_decode(&msg, sizeof(msg), &s), -1);
		cr_expect_eq(errno, EBADMSG);
	}
}

Test(sockdiag, walks_a_dump_to_its_end)
{
	struct inet_diag_msg msg = a_listener();
	struct datagram d = { 0 };
	struct sockets out = { 0 };
	struct sockdiag_reply reply = reply_to(&out);

	put(&d, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, &msg, sizeof(msg));
	put(&d, TCPDIAG_GETSOCK, NLM_F_MULTI, &msg, sizeof(msg));
	cr_expect_eq(sockdiag_walk(d.bytes, d.len, &reply), 1);
	cr_expect_eq(out.n, 2);
	put_code(&d, NLMSG_DONE, 0);
	cr_expect_eq(sockdiag_walk(d.bytes, d.len, &reply), 0);
	cr_expect_eq(out.n, 4);
	cr_expect_not(reply.interrupted);
	sockets_free(&out);
}

Test(sockdiag, an_error_never_passes_for_an_end)
{
	static const struct row {
		uint16_t type;
		int code, rc, error;
	} rows[] = {
		{ NLMSG_DONE, 0, 0, 0 },
		{ NLMSG_DONE, -ENOENT, -1, ENOENT },
		{ NLMSG_ERROR, -EPERM, -1, EPERM },
		{ NLMSG_ERROR, 0, 0, 0 },
		{ NLMSG_ERROR, 17, -1, EBADMSG },
		{ NLMSG_ERROR, -2147483647 - 1, -1, EBADMSG },
		{ NLMSG_OVERRUN, 0, -1, ENOBUFS },
	};
	struct datagram d;
	struct sockets out = { 0 };
	struct sockdiag_reply reply = reply_to(&out);
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		d.len = 0;
		put_code(&d, rows[i].type, rows[i].code);
		errno = 0;
		cr_expect_eq(sockdiag_walk(d.bytes, d.len, &reply), rows[i].rc);
		cr_expect_eq(errno, rows[i].error, "row %zu", i);
	}
}

Test(sockdiag, notices_an_interrupted_dump)
{
	struct inet_diag_msg msg = a_listener();
	struct datagram d = { 0 };
	struct sockets out = { 0 };
	struct sockdiag_reply reply = reply_to(&out);

	put(&d, TCPDIAG_GETSOCK, NLM_F_MULTI | NLM_F_DUMP_INTR, &msg,
	    sizeof(msg));
	put_code(&d, NLMSG_DONE, 0);
	cr_expect_eq(sockdiag_walk(d.bytes, d.len, &reply), 0);
	cr_expect(reply.interrupted);
	sockets_free(&out);
}

Test(sockdiag, answers_to_others_are_passed_over)
{
	struct inet_diag_msg msg = a_listener();
	struct datagram d = { 0 };
	struct sockets out = { 0 };
	struct sockdiag_reply reply = reply_to(&out);

	put(&d, TCPDIAG_GETSOCK, NLM_F_MULTI, &msg, sizeof(msg));
	put_code(&d, NLMSG_DONE, 0);
	reply.seq++;
	cr_expect_eq(sockdiag_walk(d.bytes, d.len, &reply), 1);
	reply = reply_to(&out);
	reply.portid++;
	cr_expect_eq(sockdiag_walk(d.bytes, d.len, &reply), 1);
	cr_expect_eq(out.n, 0);
}

Test(sockdiag, a_datagram_that_is_cut_is_refused)
{
	struct inet_diag_msg msg = a_listener();
	struct datagram d = { 0 };
	struct sockets out = { 0 };
	struct sockdiag_reply reply = reply_to(&out);
	size_t len;

	put(&d, TCPDIAG_GETSOCK, NLM_F_MULTI, &msg, sizeof(msg));
	for (len = 0; len < d.len; len++) {
		errno = 0;
		cr_expect_eq(sockdiag_walk(d.bytes, len, &reply), -1);
		cr_expect_eq(errno, EBADMSG);
	}
	cr_expect_eq(out.n, 0);
}

/* Marsaglia's xorshift: the same garbage every time. */
static uint32_t
garbage(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* On the heap in its exact size, so that a sanitizer sees a byte too far. */
Test(sockdiag, garbage_does_no_harm)
{
	struct inet_diag_msg msg = a_listener();
	struct datagram d;
	struct {
		struct inet_diag_msg msg;
		struct nlattr v6only;
		uint32_t yes;
	} both = { msg, { 5, INET_DIAG_SKV6ONLY }, 1 };
	uint32_t state = 2463534242, i, flips;
	struct sockdiag_socket s;
	struct sockets out = { 0 };
	struct sockdiag_reply reply = reply_to(&out);
	size_t len;
	char *copy;

	for (i = 0; i < 20000; i++) {
		d.len = 0;
		put(&d, TCPDIAG_GETSOCK, 0, &msg, sizeof(msg));
		put(&d, SOCK_DIAG_BY_FAMILY, 0, &both, sizeof(both));
		put_code(&d, NLMSG_DONE, 0);
		for (flips = garbage(&state) % 8; flips > 0; flips--)
			d.bytes[garbage(&state) % d.len] =
			    (char)garbage(&state);
		len = 1 + garbage(&state) % d.len;
		copy = malloc(len);
		memcpy(copy, d.bytes, len);
		(void)sockdiag_walk(copy, len, &reply);
		(void)sockdiag_decode(copy, len, &s);
		free(copy);
	}
	cr_expect_gt(out.n, 0);
	sockets_free(&out);
}

Test(sockdiag, names_and_endpoints)
{
	static const struct row {
		const char *addr;
		uint16_t port;
		const char *text;
	} rows[] = {
		{ "::ffff:127.0.0.1", 80, "127.0.0.1:80" },
		{ "::ffff:0.0.0.0", 0, "0.0.0.0:0" },
		{ "::1", 65535, "[::1]:65535" },
		{ "::", 9933, "[::]:9933" },
		{ "2001:db8:1111:2222:3333:4444:5555:6666", 65535,
		    "[2001:db8:1111:2222:3333:4444:5555:6666]:65535" },
	};
	struct inet_diag_msg msg = a_listener();
	struct sockdiag_socket s;
	char text[TEXT_ENDPOINT];
	size_t i;

	msg.idiag_family = AF_INET6;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cr_assert_eq(
		    inet_pton(AF_INET6, rows[i].addr, msg.id.idiag_src), 1);
		msg.id.idiag_sport = htons(rows[i].port);
		cr_assert_eq(sockdiag_decode(&msg, sizeof(msg), &s), 0);
		cr_expect_eq(s.family, AF_INET6);
		cr_expect_str_eq(text_endpoint(&s.local, text), rows[i].text);
	}
	cr_expect_str_eq(sockdiag_state_name(TCP_LISTEN), "LISTEN");
	cr_expect_str_eq(sockdiag_state_name(TCP_TIME_WAIT), "TIME_WAIT");
	cr_expect_str_eq(sockdiag_state_name(SOCKDIAG_BOUND), "BOUND");
	cr_expect_str_eq(sockdiag_state_name(0), "UNKNOWN");
	cr_expect_str_eq(sockdiag_state_name(12), "UNKNOWN");
	cr_expect_str_eq(sockdiag_state_name(255), "UNKNOWN");
}

Test(sockdiag, knows_what_lies_within)
{
	static const struct row {
		const char *addr;
		uint32_t net;
		int prefix_len;
		bool within;
	} rows[] = {
		{ "::ffff:127.80.3.1", 0x7f500300, 24, true },
		{ "::ffff:127.80.4.1", 0x7f500300, 24, false },
		{ "::ffff:127.80.3.1", 0x7f500301, 32, true },
		{ "::ffff:127.80.3.2", 0x7f500301, 32, false },
		{ "::ffff:10.0.0.1", 0, 0, true },
		{ "::ffff:200.0.0.1", 0x80000000, 1, true },
		{ "::1", 0, 0, false },
		{ "::127.80.3.1", 0x7f500300, 24, false },
	};
	struct endpoint end;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cr_assert_eq(inet_pton(AF_INET6, rows[i].addr, &end.addr), 1);
		cr_expect_eq(
		    sockdiag_within(&end, rows[i].net, rows[i].prefix_len),
		    rows[i].within, "row %zu", i);
	}
}

/* --- the kernel --------------------------------------------------------- */

/* 127.192.0.0/10, which is outside the pool: nobody else is there. */
static uint32_t
random_address(void)
{
	uint32_t n = 0;

	cr_assert_eq(getrandom(&n, sizeof(n), 0), sizeof(n));
	return 0x7fc00000 | (n & 0x3fff00) | 1;
}

static struct sockaddr_in
inet(uint32_t addr, uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { htonl(addr) } };
}

/* addr 0 is the wildcard, ::; others are v4-mapped. */
static struct sockaddr_in6
inet6(uint32_t addr)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };

	if (addr != 0) {
		addr = htonl(addr);
		memset(&sin6.sin6_addr.s6_addr[10], 0xff, 2);
		memcpy(&sin6.sin6_addr.s6_addr[12], &addr, 4);
	}
	return sin6;
}

/*
 * The kernel chooses the port: anybody's wildcard listener would be in the way
 * of a fixed one.
 */
static int
bound(int type, uint32_t addr)
{
	struct sockaddr_in sin = inet(addr, 0);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	return fd;
}

/* -1 where there is no IPv6. */
static int
bound6(int type, uint32_t addr, int v6only)
{
	struct sockaddr_in6 sin6 = inet6(addr);
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only));
	if (bind(fd, (struct sockaddr *)&sin6, sizeof(sin6)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static uint16_t
port_of(int fd)
{
	struct sockaddr_in6 sin6;
	socklen_t len = sizeof(sin6);

	cr_assert_eq(getsockname(fd, (struct sockaddr *)&sin6, &len), 0);
	return ntohs(sin6.sin6_port); /* the same place in both families */
}

static uint64_t
cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	cr_assert_eq(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len), 0);
	return cookie;
}

/* What a walk showed: all of it, and the socket that was looked for. */
struct shown {
	uint64_t cookie;
	int all, found;
	struct sockdiag_socket socket;
};

static void
show(struct sockets *all, struct shown *shown)
{
	for (size_t i = 0; i < all->n; i++) {
		shown->all++;
		if (all->list[i].cookie == shown->cookie) {
			shown->found++;
			shown->socket = all->list[i];
		}
	}
	sockets_free(all);
}

static struct shown
look(__typeof__(sockdiag_udp) *walk, uint32_t net, int prefix_len, int fd)
{
	struct sockdiag *diag = sockdiag_open();
	struct shown shown = { .cookie = cookie_of(fd) };
	struct sockets all = { 0 };

	cr_assert_not_null(diag);
	cr_assert_eq(walk(diag, net, prefix_len, &all), 0);
	show(&all, &shown);
	sockdiag_close(diag);
	return shown;
}

static bool
shows_bound_sockets(void)
{
	struct utsname name;
	int major = 0, minor = 0;

	uname(&name);
	(void)sscanf(name.release, "%d.%d", &major, &minor);
	return major > 6 || (major == 6 && minor >= 8);
}

Test(sockdiag, sees_a_listener_in_its_slice_alone)
{
	uint32_t addr = random_address();
	int fd = bound(SOCK_STREAM, addr);
	struct shown shown;

	cr_assert_eq(listen(fd, 7), 0);
	shown = look(sockdiag_tcp, addr & ~0xffU, 24, fd);
	cr_expect_eq(shown.all, 1);
	cr_expect_eq(shown.found, 1);
	cr_expect_eq(shown.socket.state, TCP_LISTEN);
	cr_expect_eq(shown.socket.family, AF_INET);
	cr_expect_eq(shown.socket.protocol, IPPROTO_TCP);
	cr_expect_eq(shown.socket.local.port, port_of(fd));
	cr_expect_neq(shown.socket.inode, 0);
	cr_expect(sockdiag_within(&shown.socket.local, addr, 32));
	cr_expect_not(sockdiag_wildcard(&shown.socket));
	shown = look(sockdiag_tcp, addr ^ 0x100, 24, fd);
	cr_expect_eq(shown.found, 0);
	shown = look(sockdiag_tcp_bound, addr, 32, fd);
	cr_expect_eq(shown.found, 1);
	shown = look(sockdiag_tcp_listening, addr, 32, fd);
	cr_expect_eq(shown.found, 1);
	shown = look(sockdiag_tcp_bound, addr ^ 2, 32, fd);
	cr_expect_eq(shown.found, 0);
	shown = look(sockdiag_tcp_bound, 0, 0, fd);
	cr_expect_eq(shown.found, 1);
	close(fd);
}

Test(sockdiag, sees_ipv6_sockets_on_mapped_addresses)
{
	uint32_t addr = random_address();
	int fd = bound6(SOCK_STREAM, addr, 0);
	struct shown shown;

	if (fd < 0)
		cr_skip_test("no IPv6");
	cr_assert_eq(listen(fd, 1), 0);
	shown = look(sockdiag_tcp, addr & ~0xffU, 24, fd);
	cr_expect_eq(shown.all, 1);
	cr_expect_eq(shown.found, 1);
	cr_expect_eq(shown.socket.family, AF_INET6);
	cr_expect(sockdiag_within(&shown.socket.local, addr, 32));
	close(fd);
}

Test(sockdiag, sees_sockets_that_are_only_bound)
{
	uint32_t addr = random_address();
	int fd = bound(SOCK_STREAM, addr);
	int fd6 = bound6(SOCK_STREAM, addr, 0);
	struct shown shown;

	if (!shows_bound_sockets())
		cr_skip_test("Linux shows these since 6.8");
	shown = look(sockdiag_tcp, addr & ~0xffU, 24, fd);
	cr_expect_eq(shown.found, 1);
	cr_expect_eq(shown.all, fd6 < 0 ? 1 : 2);
	cr_expect_eq(shown.socket.state, SOCKDIAG_BOUND);
	shown = look(sockdiag_tcp_bound, addr & ~0xffU, 24, fd);
	cr_expect_eq(shown.found, 1);
	shown = look(sockdiag_tcp_listening, addr & ~0xffU, 24, fd);
	cr_expect_eq(shown.found, 0);
	close(fd);
	close(fd6);
}

/* Both ends; then the one that closed first, in TIME_WAIT without an owner. */
Test(sockdiag, sees_connections_until_their_very_end)
{
	uint32_t addr = random_address();
	int listener = bound(SOCK_STREAM, addr);
	int client = bound(SOCK_STREAM, addr), server;
	struct sockaddr_in to = inet(addr, port_of(listener));
	struct sockdiag *diag = sockdiag_open();
	struct sockets all = { 0 };
	struct shown shown;
	char c;

	cr_assert_eq(listen(listener, 1), 0);
	cr_assert_eq(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	shown = look(sockdiag_tcp, addr & ~0xffU, 24, server);
	cr_expect_eq(shown.all, 3);
	cr_expect_eq(shown.socket.state, TCP_ESTABLISHED);
	cr_expect_eq(shown.socket.remote.port, port_of(client));
	cr_expect(sockdiag_within(&shown.socket.remote, addr, 32));
	shown = (struct shown){ .cookie = cookie_of(client) };
	close(client);
	cr_assert_eq(read(server, &c, 1), 0);
	close(server);
	close(listener);
	cr_assert_eq(sockdiag_tcp(diag, addr & ~0xffU, 24, &all), 0);
	show(&all, &shown);
	cr_expect_eq(shown.found, 1);
	cr_expect_eq(shown.socket.state, TCP_TIME_WAIT);
	cr_expect_eq(shown.socket.inode, 0);
	sockdiag_close(diag);
}

/* A client of ours elsewhere, connected into the slice, is seen as well. */
Test(sockdiag, sees_clients_of_the_slice)
{
	uint32_t addr = random_address();
	int listener = bound(SOCK_STREAM, addr);
	int client = bound(SOCK_STREAM, addr ^ 0x100);
	struct sockaddr_in to = inet(addr, port_of(listener));

	cr_assert_eq(listen(listener, 1), 0);
	cr_assert_eq(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
	cr_expect_eq(look(sockdiag_tcp, addr & ~0xffU, 24, client).found, 1);
	close(client);
	close(listener);
}

Test(sockdiag, sees_wildcard_listeners)
{
	uint32_t addr = random_address();
	int fd = bound(SOCK_STREAM, INADDR_ANY);
	int dual = bound6(SOCK_STREAM, 0, 0);
	int only = bound6(SOCK_STREAM, 0, 1);
	struct shown shown;

	cr_assert_eq(listen(fd, 1), 0);
	shown = look(sockdiag_tcp_bound, addr, 24, fd);
	cr_expect_eq(shown.found, 1);
	cr_expect(sockdiag_wildcard(&shown.socket));
	cr_expect_eq(look(sockdiag_tcp_listening, addr, 24, fd).found, 1);
	cr_expect_eq(look(sockdiag_tcp, addr, 24, fd).found, 0);
	cr_expect_eq(look(sockdiag_tcp_wide, addr, 24, fd).found, 1);
	close(fd);
	if (dual < 0 || only < 0)
		return;
	cr_assert_eq(listen(dual, 1), 0);
	cr_assert_eq(listen(only, 1), 0);
	shown = look(sockdiag_tcp_bound, addr, 24, dual);
	cr_expect_eq(shown.found, 1);
	cr_expect(sockdiag_wildcard(&shown.socket));
	cr_expect_not(shown.socket.v6only);
	shown = look(sockdiag_tcp_bound, addr, 24, only);
	cr_expect_eq(shown.found, 1);
	cr_expect(shown.socket.v6only);
	close(dual);
	close(only);
}

Test(sockdiag, sees_udp)
{
	uint32_t addr = random_address();
	int fd = bound(SOCK_DGRAM, addr);
	int wild = bound(SOCK_DGRAM, INADDR_ANY);
	int wild6 = bound6(SOCK_DGRAM, 0, 0);
	int client = bound(SOCK_DGRAM, addr ^ 0x100);
	struct sockaddr_in to = inet(addr, port_of(fd));
	struct shown shown;

	shown = look(sockdiag_udp, addr & ~0xffU, 24, fd);
	cr_expect_eq(shown.found, 1);
	cr_expect_eq(shown.socket.protocol, IPPROTO_UDP);
	cr_expect_eq(shown.socket.state, TCP_CLOSE);
	cr_expect_eq(shown.socket.local.port, port_of(fd));
	shown = look(sockdiag_udp, addr & ~0xffU, 24, wild);
	cr_expect_eq(shown.found, 1);
	cr_expect(sockdiag_wildcard(&shown.socket));
	if (wild6 >= 0)
		cr_expect_eq(look(sockdiag_udp, addr, 24, wild6).found, 1);
	cr_expect_eq(look(sockdiag_udp, addr, 24, client).found, 0);
	cr_assert_eq(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
	cr_expect_eq(look(sockdiag_udp, addr, 24, client).found, 1);
	cr_expect_eq(look(sockdiag_udp, 0, 0, client).found, 1);
	close(client);
	close(wild6);
	close(wild);
	close(fd);
}

/* More sockets than one datagram of the kernel's holds. */
Test(sockdiag, sees_every_one_of_many)
{
	enum { MANY = 700 };
	uint32_t addr = random_address();
	static int fds[MANY];
	int i;

	for (i = 0; i < MANY; i++) {
		fds[i] = bound(SOCK_STREAM, addr);
		cr_assert_eq(listen(fds[i], 1), 0);
	}
	cr_expect_eq(look(sockdiag_tcp, addr, 24, fds[0]).all, MANY);
	for (i = 0; i < MANY; i++)
		close(fds[i]);
}

/* A dump adds to the list, and a failed one leaves it as it was. */
Test(sockdiag, dumps_add_up)
{
	uint32_t addr = random_address();
	int fd = bound(SOCK_STREAM, addr);
	struct sockdiag *diag = sockdiag_open();
	struct sockets all = { 0 };

	cr_assert_eq(listen(fd, 1), 0);
	for (size_t i = 1; i <= 5; i++) {
		cr_expect_eq(sockdiag_tcp(diag, addr, 24, &all), 0);
		cr_expect_eq(all.n, i);
		cr_expect_eq(all.list[i - 1].cookie, cookie_of(fd));
	}
	sockets_free(&all);
	cr_expect_eq(all.n, 0);
	sockdiag_close(diag);
	close(fd);
}

/* Waits for a message on a watch; others' sockets end all the time. */
static int
watch_until(int watch, struct shown *shown)
{
	struct pollfd pfd = { .fd = watch, .events = POLLIN };
	time_t deadline = time(NULL) + 10;
	struct sockets gone = { 0 };

	while (shown->found == 0 && time(NULL) < deadline) {
		if (poll(&pfd, 1, 1000) > 0 && sockwatch_read(watch, &gone) < 0)
			return -1;
		show(&gone, shown);
	}
	return shown->found;
}

Test(sockdiag, a_watch_tells_that_a_socket_is_gone)
{
	uint32_t addr = random_address();
	int watch = sockwatch_open(), i, fd;
	struct sockets gone = { 0 };
	uint16_t port;
	struct shown shown;

	cr_assert_geq(watch, 0);
	cr_expect_eq(fcntl(watch, F_GETFD), FD_CLOEXEC);
	for (i = 0; i < 3; i++) {
		fd = i < 2 ? bound(SOCK_STREAM, addr)
			   : bound6(SOCK_STREAM, addr, 0);
		if (fd < 0)
			break;
		cr_assert(i == 0 || listen(fd, 1) == 0);
		port = port_of(fd);
		shown = (struct shown){ .cookie = cookie_of(fd) };
		cr_expect_eq(sockwatch_read(watch, &gone), 0);
		show(&gone, &shown);
		cr_expect_eq(shown.found, 0);
		close(fd);
		cr_expect_eq(watch_until(watch, &shown), 1, "%d", i);
		cr_expect_eq(shown.socket.local.port, port);
		cr_expect_eq(shown.socket.protocol, IPPROTO_TCP);
		cr_expect(sockdiag_within(&shown.socket.local, addr, 32));
	}
	close(watch);
}

Test(sockdiag, a_watch_that_lost_something_says_so)
{
	int watch = sockwatch_open(), least = 1, i;
	struct sockets gone = { 0 };
	struct pollfd overflow = { .fd = watch };

	cr_assert_geq(watch, 0);
	setsockopt(watch, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
	for (i = 0; i < 200; i++)
		close(bound(SOCK_STREAM, random_address()));
	cr_assert_eq(poll(&overflow, 1, 10000), 1);
	errno = 0;
	cr_expect_eq(sockwatch_read(watch, &gone), -1);
	cr_expect_eq(errno, ENOBUFS);
	close(watch);
}

/* As a sandbox does it: netlink sockets are refused. */
static int
refuse_netlink(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
		   ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)
		   : -1;
}

static int
refused(void)
{
	if (refuse_netlink() != 0)
		return 0; /* no seccomp here */
	if (sockdiag_open() != NULL || errno != EPERM)
		return 1;
	return sockwatch_open() == -1 && errno == EPERM ? 0 : 2;
}

Test(sockdiag, a_refusal_is_an_error_and_not_an_empty_table)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(refused());
	waitpid(pid, &status, 0);
	cr_expect_eq(status, 0);
}
