/* SPDX-License-Identifier: ISC */
/*
 * Asks the kernel's questions about names in every form of localhost and
 * prints the answers, so that what a program sees natively and what it sees
 * in a lease can be compared line by line.  The port asked for is printed as
 * "P", a port that the kernel chose as "e".
 *
 * asknames port
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage ss;
};

enum v6only { UNSET = -1, OFF, ON };

/* A listener, and the forms in which a client may ask for it. */
static const struct form {
	int family;
	const char *host;
	enum v6only v6only;
	const char *clients[6];
} forms[] = {
	{ AF_INET, "0.0.0.0", UNSET,
	    { "127.0.0.1", "0.0.0.0", "127.0.0.7", "::ffff:127.0.0.1" } },
	{ AF_INET, "127.0.0.1", UNSET,
	    { "127.0.0.1", "0.0.0.0", "::ffff:127.0.0.1", "127.0.0.7",
		"::1" } },
	{ AF_INET, "127.0.0.7", UNSET,
	    { "127.0.0.7", "::ffff:127.0.0.7", "127.0.0.1" } },
	{ AF_INET6, "::", UNSET,
	    { "127.0.0.1", "::1", "::", "::ffff:127.0.0.1" } },
	{ AF_INET6, "::", OFF, { "127.0.0.1", "::1", "127.0.0.7" } },
	{ AF_INET6, "::", ON, { "::1", "::", "127.0.0.1" } },
	{ AF_INET6, "::1", UNSET, { "::1", "::", "127.0.0.1" } },
	{ AF_INET6, "::1", ON, { "::1" } },
	{ AF_INET6, "::ffff:127.0.0.1", UNSET,
	    { "127.0.0.1", "::ffff:127.0.0.1", "::1" } },
	{ AF_INET6, "::ffff:127.0.0.7", UNSET, { "127.0.0.7" } },
	{ AF_INET6, "::ffff:127.0.0.1", ON, { NULL } },
};

static in_port_t asked; /* the port that is printed as P; set once by main */

static int
family(const char *host)
{
	return strchr(host, ':') != NULL ? AF_INET6 : AF_INET;
}

static socklen_t
fill(union address *a, const char *host, in_port_t port)
{
	memset(a, 0, sizeof(*a));
	a->sa.sa_family = (sa_family_t)family(host);
	if (a->sa.sa_family == AF_INET) {
		a->in.sin_port = htons(port);
		inet_pton(AF_INET, host, &a->in.sin_addr);
		return sizeof(a->in);
	}
	a->in6.sin6_port = htons(port);
	inet_pton(AF_INET6, host, &a->in6.sin6_addr);
	return sizeof(a->in6);
}

static void
show(const char *what, int rc, const union address *a, socklen_t len)
{
	char host[INET6_ADDRSTRLEN];
	in_port_t port;

	printf("  %s: ", what);
	if (rc == -1) {
		puts(strerrorname_np(errno));
		return;
	}
	if (len == 0) {
		puts("no name");
		return;
	}
	if (a->sa.sa_family == AF_INET)
		inet_ntop(AF_INET, &a->in.sin_addr, host, sizeof(host));
	else
		inet_ntop(AF_INET6, &a->in6.sin6_addr, host, sizeof(host));
	port = ntohs(a->in.sin_port); /* in6 has it at the same place */
	printf("%s port %s len %u family %d\n", host,
	    port == 0       ? "0"
	    : port == asked ? "P"
			    : "e",
	    (unsigned int)len, a->sa.sa_family);
}

static void
result(const char *what, const char *with, int rc)
{
	printf("  %s %s: %s\n", what, with,
	    rc == -1 ? strerrorname_np(errno) : "ok");
}

static void
names(const char *who, int fd)
{
	union address a;
	socklen_t len = sizeof(a);
	char what[64];
	int rc;

	rc = getsockname(fd, &a.sa, &len);
	(void)snprintf(what, sizeof(what), "%s getsockname", who);
	show(what, rc, &a, len);
	len = sizeof(a);
	rc = getpeername(fd, &a.sa, &len);
	(void)snprintf(what, sizeof(what), "%s getpeername", who);
	show(what, rc, &a, len);
}

static void
v6only(const char *when, int fd)
{
	int value = -1;
	socklen_t len = sizeof(value);
	int rc = getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, &len);

	printf("  v6only %s: ", when);
	if (rc == -1)
		puts(strerrorname_np(errno));
	else
		printf("%d len %u\n", value, (unsigned int)len);
}

/* getsockname(2): the length comes back whole even when the name does not. */
static void
truncated(int fd)
{
	unsigned char room[8] = { 0 };
	socklen_t len = 4;
	size_t i;
	int rc;

	rc = getsockname(fd, (struct sockaddr *)room, &len);
	printf("  short name: %d len %u, beyond it", rc, (unsigned int)len);
	for (i = 4; i < sizeof(room); i++)
		printf(" %02x", room[i]);
	putchar('\n');
	len = 0;
	rc = getsockname(fd, (struct sockaddr *)room, &len);
	printf("  no room: %d len %u\n", rc, (unsigned int)len);
}

static int
open_socket(int domain, int type, enum v6only only)
{
	struct timeval patience = { .tv_sec = 2 };
	int fd, on = 1;

	fd = socket(domain, type | SOCK_CLOEXEC, 0);
	if (fd == -1)
		err(1, "socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	(void)setsockopt(
	    fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (only != UNSET)
		result("set v6only", only == ON ? "on" : "off",
		    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY,
			&(int){ only == ON }, sizeof(int)));
	return fd;
}

/* The port of a listener as the listener itself sees it. */
static in_port_t
port_of(int fd)
{
	union address a = { 0 };
	socklen_t len = sizeof(a);

	(void)getsockname(fd, &a.sa, &len);
	return ntohs(a.in.sin_port);
}

/* The client closes first: no TIME_WAIT is left on the listener's port. */
static void
converse(int listener, const char *host)
{
	union address a;
	socklen_t len = fill(&a, host, port_of(listener));
	int fd = open_socket(family(host), SOCK_STREAM, UNSET);
	int rc = connect(fd, &a.sa, len);

	result("connect", host, rc);
	if (rc == 0) {
		names("client", fd);
		len = sizeof(a);
		rc = accept4(listener, &a.sa, &len, SOCK_CLOEXEC);
		show("accept", rc, &a, len);
		names("accepted", rc);
		v6only("accepted", rc);
		close(fd);
		close(rc);
		return;
	}
	close(fd);
}

static void
stream(const struct form *f, in_port_t port)
{
	int fd = open_socket(f->family, SOCK_STREAM, f->v6only);
	union address a;
	socklen_t len = fill(&a, f->host, port);
	size_t i;
	int rc;

	v6only("before", fd);
	names("unbound", fd);
	rc = bind(fd, &a.sa, len);
	result("bind", f->host, rc);
	names("bound", fd);
	v6only("after", fd);
	truncated(fd);
	result("bind again", f->host, bind(fd, &a.sa, len));
	if (rc == 0) {
		result("listen", f->host, listen(fd, 8));
		names("listening", fd);
		for (i = 0; i < 6 && f->clients[i] != NULL; i++)
			converse(fd, f->clients[i]);
	}
	close(fd);
}

static void
receive(const char *who, int fd, union address *from, socklen_t *len)
{
	char byte[4];
	ssize_t n;

	*len = sizeof(*from);
	n = recvfrom(fd, byte, sizeof(byte), 0, &from->sa, len);
	show(who, n == -1 ? -1 : 0, from, *len);
}

/* A datagram there with sendto, and one back with sendmsg. */
static void
exchange(int server, const char *host)
{
	int fd = open_socket(family(host), SOCK_DGRAM, UNSET);
	union address a, from;
	socklen_t len = fill(&a, host, port_of(server));
	struct iovec iov = { .iov_base = (char[]){ 'x' }, .iov_len = 1 };
	struct msghdr msg = {
		.msg_name = &from,
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	ssize_t n = sendto(fd, "x", 1, 0, &a.sa, len);

	result("sendto", host, n == -1 ? -1 : 0);
	if (n == 1) {
		names("sender", fd);
		receive("recvfrom", server, &from, &len);
		msg.msg_namelen = len;
		n = sendmsg(server, &msg, 0);
		result("sendmsg back to", host, n == -1 ? -1 : 0);
		msg.msg_namelen = sizeof(from);
		n = recvmsg(fd, &msg, 0);
		show("recvmsg", n == -1 ? -1 : 0, &from, msg.msg_namelen);
	}
	close(fd);
}

static void
datagrams(const struct form *f, in_port_t port)
{
	int fd = open_socket(f->family, SOCK_DGRAM, f->v6only);
	union address a;
	socklen_t len = fill(&a, f->host, port);
	int rc = bind(fd, &a.sa, len);

	result("bind", f->host, rc);
	names("bound", fd);
	if (rc == 0 && f->clients[0] != NULL)
		exchange(fd, f->clients[0]);
	close(fd);
}

/* listen(2) on a socket that was never bound binds it to a random port. */
static void
unbound(int domain)
{
	int fd = open_socket(domain, SOCK_STREAM, UNSET);

	result("listen", "unbound", listen(fd, 1));
	names("listening", fd);
	v6only("listening", fd);
	close(fd);
}

/* A client that chooses its address and leaves the port to connect (ip(7)). */
static void
sourced(in_port_t port)
{
	union address a;
	socklen_t len = fill(&a, "127.0.0.1", port);
	int listener = open_socket(AF_INET, SOCK_STREAM, UNSET);
	int client = open_socket(AF_INET, SOCK_STREAM, UNSET);
	int rc;

	result("bind", "listener", bind(listener, &a.sa, len));
	result("listen", "listener", listen(listener, 1));
	result("no port", "client",
	    setsockopt(client, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){ 1 },
		sizeof(int)));
	len = fill(&a, "127.0.0.5", 0);
	result("bind", "client", bind(client, &a.sa, len));
	names("bound", client);
	len = fill(&a, "127.0.0.1", port);
	result("connect", "client", connect(client, &a.sa, len));
	names("client", client);
	len = sizeof(a);
	rc = accept4(listener, &a.sa, &len, SOCK_CLOEXEC);
	show("accept", rc, &a, len);
	close(client);
	close(rc);
	close(listener);
}

/* Two sockets that want the same name, and one that nobody serves. */
static void
conflicts(in_port_t port)
{
	union address a;
	socklen_t len = fill(&a, "127.0.0.1", port);
	int first = open_socket(AF_INET, SOCK_STREAM, UNSET);
	int second = open_socket(AF_INET, SOCK_STREAM, UNSET);

	result("connect", "refused", connect(second, &a.sa, len));
	names("refused", second);
	result("bind", "first", bind(first, &a.sa, len));
	result("listen", "first", listen(first, 1));
	result("bind", "second", bind(second, &a.sa, len));
	result("bind", "short", bind(second, &a.sa, 4));
	result("bind", "bad descriptor", bind(-1, &a.sa, len));
	close(first);
	close(second);
}

int
main(int argc, char **argv)
{
	size_t i;

	if (argc != 2)
		errx(2, "usage: asknames port");
	asked = (in_port_t)strtoul(argv[1], NULL, 10);
	for (i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		printf("tcp %s port P\n", forms[i].host);
		stream(&forms[i], asked);
		printf("tcp %s port 0\n", forms[i].host);
		stream(&forms[i], 0);
		printf("udp %s port P\n", forms[i].host);
		datagrams(&forms[i], asked);
	}
	puts("unbound tcp 4");
	unbound(AF_INET);
	puts("unbound tcp 6");
	unbound(AF_INET6);
	puts("sourced");
	sourced(asked);
	puts("conflicts");
	conflicts(asked);
	return 0;
}
