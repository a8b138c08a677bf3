/* SPDX-License-Identifier: ISC */
/*
 * For the guests of the differential test, which make one call after another
 * and print a line for each: result, errno, and what was written where.  The
 * lines of two runs are compared, so nothing is printed that may differ
 * between them: the ports asked for are "P" and "Q", one that the kernel
 * chose is "e".
 */
#ifndef CALLS_H
#define CALLS_H

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	SENTINEL = 12345, /* no errno of the kernel's */
	PATTERN = 0xa5,
	ROOM = 192, /* more than any name needs */
	NO_FD = 1000 /* above every descriptor that is open */
};

union name {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_nl nl;
	struct sockaddr_storage ss;
	unsigned char bytes[ROOM];
};

/* A place for a name, and for the pattern that shows what was not written. */
struct room {
	union name name;
	socklen_t len;
};

static in_port_t port_p, port_q; /* set once, by calls_begin */
static char own4[INET_ADDRSTRLEN]; /* of an interface; "" none */
static char *guarded; /* the end of a page that a forbidden one follows */

/* --- what there is -------------------------------------------------------- */

static inline void
calls_own(void)
{
	struct ifaddrs *list, *ifa;
	struct sockaddr_in in;

	if (getifaddrs(&list) == -1)
		return;
	for (ifa = list; ifa != NULL && own4[0] == '\0'; ifa = ifa->ifa_next) {
		if (ifa->ifa_addr == NULL ||
		    ifa->ifa_addr->sa_family != AF_INET)
			continue;
		memcpy(&in, ifa->ifa_addr, sizeof(in));
		if (ntohl(in.sin_addr.s_addr) >> 24 != 127)
			inet_ntop(AF_INET, &in.sin_addr, own4, sizeof(own4));
	}
	freeifaddrs(list);
}

/*
 * The kernel delivers on loopback when a call has returned, if it has much to
 * do: in a queue for each processor.  So all is sent on one processor, and what
 * comes through the queue shows that all before it has arrived.
 */
static int marker = -1;

static inline void
calls_queue(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct timeval limit = { .tv_sec = 60 };
	socklen_t len = sizeof(in);
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	marker = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* Past the shim, whose work is looked at. */
	if (sched_setaffinity(0, sizeof(one), &one) == -1 ||
	    syscall(SYS_bind, marker, &in, len) == -1 ||
	    syscall(SYS_getsockname, marker, &in, &len) == -1 ||
	    syscall(SYS_connect, marker, &in, len) == -1 ||
	    setsockopt(
		marker, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == -1)
		err(1, "a socket connected to itself");
}

/* Twice: the answer to what was queued is queued behind the first. */
static inline void
calls_settle(void)
{
	char byte = 0;

	for (int i = 0; i < 2; i++)
		if (write(marker, &byte, 1) != 1 || read(marker, &byte, 1) != 1)
			err(1, "a datagram to itself");
}

static inline void
calls_begin(int argc, char **argv)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *two;

	if (argc != 3)
		errx(2, "usage: %s port port", argv[0]);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setvbuf(stdout, NULL, _IOLBF, 0); /* to see where one crashes */
	port_p = (in_port_t)strtoul(argv[1], NULL, 10);
	port_q = (in_port_t)strtoul(argv[2], NULL, 10);
	two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (two == MAP_FAILED || mprotect(two + page, page, PROT_NONE) == -1)
		err(1, "mmap");
	guarded = two + page;
	calls_own();
	calls_queue();
}

/* --- sockets -------------------------------------------------------------- */

static const struct kind {
	const char *name;
	int domain;
	int type;
	int protocol;
	int v6only; /* -1: as the host has it */
} kinds[] = {
	{ "tcp4", AF_INET, SOCK_STREAM, 0, -1 },
	{ "tcp6", AF_INET6, SOCK_STREAM, 0, -1 },
	{ "tcp6dual", AF_INET6, SOCK_STREAM, 0, 0 },
	{ "tcp6only", AF_INET6, SOCK_STREAM, 0, 1 },
	{ "udp4", AF_INET, SOCK_DGRAM, 0, -1 },
	{ "udp6", AF_INET6, SOCK_DGRAM, 0, -1 },
	{ "udp6only", AF_INET6, SOCK_DGRAM, 0, 1 },
	{ "raw4", AF_INET, SOCK_RAW, IPPROTO_ICMP, -1 },
	{ "raw4udp", AF_INET, SOCK_RAW, IPPROTO_UDP, -1 },
	{ "raw6", AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, -1 },
	{ "stream", AF_UNIX, SOCK_STREAM, 0, -1 },
	{ "dgram", AF_UNIX, SOCK_DGRAM, 0, -1 },
	{ "seqpacket", AF_UNIX, SOCK_SEQPACKET, 0, -1 },
	{ "netlink", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, -1 },
	{ "pipe", 0, 0, 0, -1 },
	{ "closed", -1, 0, 0, -1 },
};

enum { KINDS = sizeof(kinds) / sizeof(*kinds), IP_KINDS = 7, TCP_KINDS = 4 };

static inline int
calls_pipe(void)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		err(1, "pipe");
	close(fds[1]);
	return fds[0];
}

/* -1 when the caller may not have such a socket; errors pass nothing by. */
static inline int
calls_open(const struct kind *k)
{
	struct timeval patience = { .tv_usec = 100000 };
	struct linger reset = { .l_onoff = 1 };
	int fd, on = 1;

	if (k->domain == -1)
		return NO_FD;
	if (k->domain == 0)
		return calls_pipe();
	fd = socket(k->domain, k->type | SOCK_CLOEXEC, k->protocol);
	if (fd == -1)
		return -1;
	(void)setsockopt(
	    fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(
	    fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (k->domain == AF_INET || k->domain == AF_INET6) {
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	}
	if (k->v6only != -1)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &k->v6only,
		    sizeof(k->v6only));
	return fd;
}

static inline const struct kind *
calls_kind(const char *name)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	errx(2, "no kind %s", name);
}

static inline void
calls_close(int fd)
{
	if (fd != NO_FD && fd != -1)
		close(fd);
}

/* --- names ---------------------------------------------------------------- */

static const struct form {
	int family;
	const char *host;
	char port; /* 'P', 'Q' or '0' */
} forms[] = {
	{ AF_INET, "127.0.0.1", 'P' },
	{ AF_INET6, "::1", 'P' },
	{ AF_UNIX, "s", '0' },
	{ AF_NETLINK, "", '0' },
	{ AF_INET, "127.0.0.1", 'Q' },
	{ AF_INET, "127.0.0.1", '0' },
	{ AF_INET, "0.0.0.0", 'P' },
	{ AF_INET, "0.0.0.0", 'Q' },
	{ AF_INET, "0.0.0.0", '0' },
	{ AF_INET, "127.0.0.7", 'P' },
	{ AF_INET, "127.0.0.7", '0' },
	{ AF_INET, "127.0.1.1", 'P' },
	{ AF_INET, "127.0.1.1", '0' },
	{ AF_INET, "127.9.9.9", '0' },
	{ AF_INET, "own", 'P' },
	{ AF_INET, "own", '0' },
	{ AF_INET6, "::1", 'Q' },
	{ AF_INET6, "::1", '0' },
	{ AF_INET6, "::", 'P' },
	{ AF_INET6, "::", 'Q' },
	{ AF_INET6, "::", '0' },
	{ AF_INET6, "::ffff:127.0.0.1", 'P' },
	{ AF_INET6, "::ffff:127.0.0.1", '0' },
	{ AF_INET6, "::ffff:0.0.0.0", 'P' },
	{ AF_INET6, "::ffff:0.0.0.0", '0' },
	{ AF_INET6, "::ffff:127.0.0.7", 'P' },
	{ AF_INET6, "::ffff:127.0.1.1", 'P' },
	{ AF_INET6, "::ffff:own", 'P' },
	{ AF_UNSPEC, "0.0.0.0", 'P' },
	{ AF_UNSPEC, "0.0.0.0", '0' },
	{ AF_UNSPEC, "127.0.0.1", 'P' },
	{ 250, "127.0.0.1", 'P' },
	/* Not for connect and send: nothing shall leave the host. */
	{ AF_INET, "192.0.2.1", 'P' },
	{ AF_INET, "192.0.2.1", '0' },
	{ AF_INET6, "2001:db8::1", 'P' },
	{ AF_INET6, "::ffff:192.0.2.1", 'P' },
	{ AF_INET, "255.255.255.255", 'P' },
	{ AF_INET, "224.0.0.1", 'P' },
	{ AF_INET6, "ff01::1", 'P' },
};

enum { FORMS = sizeof(forms) / sizeof(*forms), LOCAL_FORMS = FORMS - 7 };
enum { FIRST_FORMS = 4 }; /* one per family */

static inline in_port_t
calls_port(char port)
{
	return port == 'P' ? port_p : port == 'Q' ? port_q : 0;
}

static inline void
fill_inet(struct room *r, const struct form *f)
{
	const char *host = strcmp(f->host, "own") == 0 ? own4 : f->host;

	r->len = sizeof(r->name.in);
	r->name.in.sin_port = htons(calls_port(f->port));
	if (inet_pton(AF_INET, host, &r->name.in.sin_addr) != 1)
		r->name.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

static inline void
fill_inet6(struct room *r, const struct form *f)
{
	char host[64];

	(void)snprintf(host, sizeof(host), "%s", f->host);
	if (strcmp(f->host, "::ffff:own") == 0)
		(void)snprintf(host, sizeof(host), "::ffff:%s", own4);
	r->len = sizeof(r->name.in6);
	r->name.in6.sin6_port = htons(calls_port(f->port));
	if (inet_pton(AF_INET6, host, &r->name.in6.sin6_addr) != 1)
		r->name.in6.sin6_addr = in6addr_loopback;
}

static inline void
calls_fill(struct room *r, const struct form *f)
{
	memset(r, 0, sizeof(*r));
	if (f->family == AF_INET6)
		fill_inet6(r, f);
	else if (f->family == AF_NETLINK)
		r->len = sizeof(r->name.nl);
	else if (f->family != AF_UNIX)
		fill_inet(r, f);
	r->name.sa.sa_family = (sa_family_t)f->family;
	if (f->family == AF_UNIX) {
		(void)snprintf(r->name.un.sun_path, sizeof(r->name.un.sun_path),
		    "%s", f->host);
		r->len = (socklen_t)(sizeof(sa_family_t) + strlen(f->host) + 1);
	}
}

static inline const char *
calls_form(const struct form *f)
{
	static char text[4][96];
	static size_t next;
	char *t = text[next++ % 4];
	const char *family = f->family == AF_INET    ? "inet"
			     : f->family == AF_INET6 ? "inet6"
			     : f->family == AF_UNIX  ? "unix"
			     : f->family == AF_NETLINK
				 ? "netlink"
				 : (f->family == 0 ? "unspec" : "strange");

	(void)snprintf(
	    t, sizeof(*text), "%s %s port %c", family, f->host, f->port);
	return t;
}

/* --- lines ---------------------------------------------------------------- */

static inline void
calls_room(struct room *r, socklen_t len)
{
	memset(&r->name, PATTERN, sizeof(r->name));
	r->len = len;
	errno = SENTINEL;
}

/* The result of a call, and errno, which a success leaves alone. */
static inline void
calls_result(long rc)
{
	int error = errno;

	calls_settle();
	printf(" %ld ", rc);
	if (error == SENTINEL)
		printf("kept");
	else
		printf("%s", strerrorname_np(error));
	errno = error;
}

/* The result is a descriptor: its number is no matter. */
static inline void
calls_result_fd(int fd)
{
	calls_result(fd >= 0 ? 0 : fd);
}

static inline char
port_letter(const unsigned char bytes[2])
{
	in_port_t port = (in_port_t)(bytes[0] << 8 | bytes[1]);

	return port == 0        ? '0'
	       : port == port_p ? 'P'
	       : port == port_q ? 'Q'
				: 'e';
}

/* A name of its own that the kernel chose (unix(7), autobind). */
static inline bool
autobound(const unsigned char *bytes, socklen_t n)
{
	return n == 8 && bytes[0] == AF_UNIX && bytes[2] == 0;
}

/* Bytes 2 and 3 are a port, in the families that have one. */
static inline void
show_bytes(const unsigned char *bytes, socklen_t n)
{
	sa_family_t family = 0;

	if (n >= sizeof(family))
		memcpy(&family, bytes, sizeof(family));
	if (autobound(bytes, n))
		n = 3;
	for (socklen_t i = 0; i < n; i++) {
		bool masked = i >= 2 && i < 4 &&
			      (family == AF_INET || family == AF_INET6);

		if (masked && n < 4)
			printf("--");
		else if (masked)
			printf("%c%c", port_letter(bytes + 2),
			    port_letter(bytes + 2));
		else if (family == AF_NETLINK && i >= 4 && i < 8)
			printf("--");
		else
			printf("%02x", bytes[i]);
	}
}

/* A name that is whole is printed as one. */
static inline void
show_name(const union name *name, socklen_t len)
{
	char host[INET6_ADDRSTRLEN];

	if (name->sa.sa_family == AF_INET && len == sizeof(name->in) &&
	    memcmp(&name->bytes[8], (char[8]){ 0 }, 8) == 0) {
		inet_ntop(AF_INET, &name->in.sin_addr, host, sizeof(host));
		printf(" %s:%c", host, port_letter(&name->bytes[2]));
	} else if (name->sa.sa_family == AF_INET6 && len == sizeof(name->in6) &&
		   name->in6.sin6_flowinfo == 0 &&
		   name->in6.sin6_scope_id == 0) {
		inet_ntop(AF_INET6, &name->in6.sin6_addr, host, sizeof(host));
		printf(" [%s]:%c", host, port_letter(&name->bytes[2]));
	} else {
		putchar(' ');
		show_bytes(name->bytes, len);
	}
}

/*
 * What a call wrote into a room of this size: the name, the length if it is
 * another one than that, and whether anything beyond was touched.
 */
static inline void
calls_written(const struct room *r, socklen_t size, bool ok)
{
	socklen_t n = ok ? r->len : 0;

	n = n < size ? n : size;
	n = n < ROOM ? n : ROOM;
	if (n > 0)
		show_name(&r->name, n);
	printf(" len %d", (int)r->len);
	for (socklen_t i = n; i < ROOM; i++)
		if (r->name.bytes[i] != PATTERN) {
			printf(" TOUCHED %u", (unsigned int)i);
			break;
		}
}

/* Both ends of a socket, short. */
static inline void
calls_ends(int fd)
{
	struct room r;
	int rc;

	calls_room(&r, sizeof(r.name));
	rc = getsockname(fd, &r.name.sa, &r.len);
	printf(" local");
	if (rc == 0)
		show_name(&r.name, r.len < ROOM ? r.len : ROOM);
	else
		printf(" %s", strerrorname_np(errno));
	calls_room(&r, sizeof(r.name));
	rc = getpeername(fd, &r.name.sa, &r.len);
	printf(" peer");
	if (rc == 0)
		show_name(&r.name, r.len < ROOM ? r.len : ROOM);
	else
		printf(" %s", strerrorname_np(errno));
}

static inline void
calls_end(void)
{
	putchar('\n');
}

static inline void
show_v6only(int fd)
{
	int value = -1;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, &len) == 0)
		printf(" v6only %d", value);
}

/* --- servers -------------------------------------------------------------- */

enum { SERVERS = 4 };

/* Who is there while others connect. */
static const struct world {
	const char *name;
	struct {
		const char *kind;
		struct form form;
	} servers[SERVERS];
} worlds[] = {
	{ "nobody", { { NULL, { 0, NULL, 0 } } } },
	{ "ip4", { { "tcp4", { AF_INET, "127.0.0.1", 'P' } },
		     { "udp4", { AF_INET, "127.0.0.1", 'P' } },
		     { "tcp4", { AF_INET, "127.0.0.1", 'Q' } },
		     { "udp4", { AF_INET, "127.0.0.1", 'Q' } } } },
	{ "any4", { { "tcp4", { AF_INET, "0.0.0.0", 'P' } },
		      { "udp4", { AF_INET, "0.0.0.0", 'P' } },
		      { "tcp4", { AF_INET, "0.0.0.0", 'Q' } },
		      { "udp4", { AF_INET, "0.0.0.0", 'Q' } } } },
	{ "any6", { { "tcp6dual", { AF_INET6, "::", 'P' } },
		      { "udp6", { AF_INET6, "::", 'P' } },
		      { "tcp6dual", { AF_INET6, "::", 'Q' } },
		      { "udp6", { AF_INET6, "::", 'Q' } } } },
	{ "only6", { { "tcp6only", { AF_INET6, "::", 'P' } },
		       { "udp6only", { AF_INET6, "::", 'P' } },
		       { "tcp6only", { AF_INET6, "::", 'Q' } },
		       { "udp6only", { AF_INET6, "::", 'Q' } } } },
	{ "ip6", { { "tcp6", { AF_INET6, "::1", 'P' } },
		     { "udp6", { AF_INET6, "::1", 'P' } },
		     { "tcp6", { AF_INET6, "::1", 'Q' } },
		     { "udp6", { AF_INET6, "::1", 'Q' } } } },
	{ "other", { { "tcp4", { AF_INET, "127.0.0.7", 'P' } },
		       { "udp4", { AF_INET, "127.0.0.7", 'P' } },
		       { "tcp4", { AF_INET, "127.0.1.1", 'P' } },
		       { "udp4", { AF_INET, "127.0.1.1", 'P' } } } },
	{ "mapped", { { "tcp6dual", { AF_INET6, "::ffff:127.0.0.1", 'P' } },
			{ "udp6", { AF_INET6, "::ffff:127.0.0.1", 'P' } } } },
	{ "both", { { "tcp4", { AF_INET, "0.0.0.0", 'P' } },
		      { "udp4", { AF_INET, "0.0.0.0", 'P' } },
		      { "tcp6only", { AF_INET6, "::", 'P' } },
		      { "udp6only", { AF_INET6, "::", 'P' } } } },
};

enum { WORLDS = sizeof(worlds) / sizeof(*worlds) };

static int servers[SERVERS]; /* of the world that is on; -1: none */

static inline void
calls_serve(const struct world *w)
{
	struct room name;

	for (size_t i = 0; i < SERVERS; i++) {
		servers[i] = -1;
		if (w->servers[i].kind == NULL)
			continue;
		servers[i] = calls_open(calls_kind(w->servers[i].kind));
		calls_fill(&name, &w->servers[i].form);
		errno = SENTINEL;
		printf(
		    "world %s %s:", w->name, calls_form(&w->servers[i].form));
		calls_result(bind(servers[i], &name.name.sa, name.len));
		errno = SENTINEL;
		calls_result(listen(servers[i], 8));
		calls_ends(servers[i]);
		show_v6only(servers[i]);
		calls_end();
	}
}

static inline void
calls_leave(void)
{
	for (size_t i = 0; i < SERVERS; i++)
		calls_close(servers[i]);
}

/* --- arguments ------------------------------------------------------------ */

/* Name lengths that are asked for, beside the right one. */
static const long lengths[] = { 0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 23, 24, 27, 28,
	29, 110, 128, 129, 4096, 0x7fffffff, 0x80000000, 0xffffffff };

enum { LENGTHS = sizeof(lengths) / sizeof(*lengths) };

/* Addresses that are none, or only the first few bytes of one. */
enum bad { BAD_NULL, BAD_ONE, BAD_FORBIDDEN, BAD_TOP, BAD_EDGE, BADS };

static const char *const bad_names[] = { "null", "one", "forbidden", "top",
	"edge" };

/* room: bytes that are still there before the edge. */
__attribute__((noinline, unused)) static void *
calls_bad(enum bad which, size_t room)
{
	switch (which) {
	case BAD_NULL:
		return NULL;
	case BAD_ONE:
		return (void *)(uintptr_t)1;
	case BAD_FORBIDDEN:
		return guarded;
	case BAD_TOP:
		return (void *)(uintptr_t)-64;
	default:
		memset(guarded - 512, PATTERN, 512);
		return guarded - room;
	}
}

#endif
