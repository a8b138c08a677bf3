/* SPDX-License-Identifier: ISC */
/*
 * identity PORT TOKEN: a server of the plainest kind, to be built in ways that
 * are not plain: with musl, statically, with AddressSanitizer, for 32 bits.
 * TCP on both wildcard addresses and UDP on one; it tells its token, its
 * client's address and its own.  SIGTERM ends it with status 0.
 *
 * identity 0 TOKEN: bind, say where, exit.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TEXT = 200 };

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* Where it listens. */
static const struct place {
	int family, type;
} places[] = {
	{ AF_INET, SOCK_STREAM },
	{ AF_INET6, SOCK_STREAM },
	{ AF_INET, SOCK_DGRAM },
};

enum { PLACES = sizeof(places) / sizeof(places[0]) };

static int stop[2]; /* a pipe that SIGTERM writes to */

static void
end(int sig)
{
	(void)sig;
	if (write(stop[1], "", 1) == -1)
		_exit(1);
}

static int
open_place(const struct place *p, unsigned short port)
{
	union address a = { .any.sa_family = (sa_family_t)p->family };
	socklen_t len = p->family == AF_INET ? sizeof(a.in) : sizeof(a.in6);
	int fd = socket(p->family, p->type, 0), on = 1;

	if (fd == -1)
		err(1, "socket");
	a.in.sin_port = htons(port); /* in6's lies at the same place */
	if (p->family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == -1)
		err(1, "IPV6_V6ONLY");
	if (p->type == SOCK_STREAM &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1)
		err(1, "SO_REUSEADDR");
	if (bind(fd, &a.any, len) == -1)
		err(1, "bind");
	if (p->type == SOCK_STREAM && listen(fd, 16) == -1)
		err(1, "listen");
	return fd;
}

static const char *
name(const union address *a, char text[INET6_ADDRSTRLEN])
{
	const void *address = &a->in.sin_addr;

	if (a->any.sa_family == AF_INET6)
		address = &a->in6.sin6_addr;
	return inet_ntop(a->any.sa_family, address, text, INET6_ADDRSTRLEN);
}

static int
compose(char *text, const char *token, int fd, const union address *peer)
{
	char here[INET6_ADDRSTRLEN], there[INET6_ADDRSTRLEN];
	union address a;
	socklen_t len = sizeof(a);

	if (getsockname(fd, &a.any, &len) == -1)
		err(1, "getsockname");
	return snprintf(
	    text, TEXT, "%s %s %s\n", token, name(peer, there), name(&a, here));
}

static void
answer_stream(int listener, const char *token)
{
	union address peer;
	socklen_t len = sizeof(peer);
	char text[TEXT];
	int fd = accept(listener, &peer.any, &len), n;

	if (fd == -1)
		err(1, "accept");
	n = compose(text, token, fd, &peer);
	if (write(fd, text, (size_t)n) == -1)
		warn("write");
	close(fd);
}

static void
answer_datagram(int fd, const char *token)
{
	union address peer;
	socklen_t len = sizeof(peer);
	char text[TEXT];
	int n;

	if (recvfrom(fd, text, sizeof(text), 0, &peer.any, &len) == -1)
		err(1, "recvfrom");
	n = compose(text, token, fd, &peer);
	if (sendto(fd, text, (size_t)n, 0, &peer.any, len) == -1)
		warn("sendto");
}

static void
serve(struct pollfd *fds, const char *token)
{
	for (;;) {
		if (poll(fds, PLACES + 1, -1) == -1 && errno != EINTR)
			err(1, "poll");
		if (fds[PLACES].revents != 0)
			return;
		for (int i = 0; i < PLACES; i++) {
			if (fds[i].revents == 0)
				continue;
			if (places[i].type == SOCK_STREAM)
				answer_stream(fds[i].fd, token);
			else
				answer_datagram(fds[i].fd, token);
		}
	}
}

int
main(int argc, char *argv[])
{
	const struct sigaction ends = { .sa_handler = end };
	struct pollfd fds[PLACES + 1];
	unsigned short port;

	if (argc != 3)
		errx(1, "usage: identity PORT TOKEN");
	port = (unsigned short)atoi(argv[1]);
	if (pipe(stop) == -1 || sigaction(SIGTERM, &ends, NULL) == -1)
		err(1, "pipe");
	for (int i = 0; i < PLACES; i++)
		fds[i] = (struct pollfd){ .events = POLLIN,
			.fd = open_place(&places[i], port) };
	fds[PLACES] = (struct pollfd){ .fd = stop[0], .events = POLLIN };
	if (port == 0)
		printf("%s %zu bits\n", argv[2], 8 * sizeof(void *));
	else
		serve(fds, argv[2]);
	return 0;
}
