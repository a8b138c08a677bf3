/* SPDX-License-Identifier: ISC */
/*
 * A reservation is a Unix socket with an abstract name.  The kernel keeps such
 * names once in a network namespace, which is also where ports and addresses
 * are, lets every user see them, and drops them with the process.  A port that
 * is only looked at and let go would be given out twice: SO_REUSEADDR shares
 * UDP ports, and SO_REUSEPORT shares TCP ports, without a word.
 */
#include "reserve.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Below the ports of ip_local_port_range, and above those that the tests name
 * themselves, some of them inside leases, where a stranger on all addresses
 * would be in the way.
 */
enum { FIRST = 10000, PORTS = 10000, RESERVED = 32 };

/* 127.32.0.0 to 127.63.255.255 */
enum { NET = 32, ADDRESSES = 1 << 21 };

/* What this test has, to last as long as it does. */
static struct {
	char address[20];
	char ports[RESERVED][6];
	size_t nports;
} reserved;

/* The lock is never closed; commands do not inherit it. */
static bool
reserve(const char *what)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int n = snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1,
	    "portlease-test-%s", what);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1);

	cr_assert_neq(fd, -1);
	if (bind(fd, (struct sockaddr *)&un, len + (socklen_t)n) == 0)
		return true;
	close(fd);
	return false;
}

/* Without SO_REUSEADDR, nobody may be there, nor in TIME_WAIT. */
static bool
binds(int type, in_port_t port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6,
		.sin6_port = htons(port) };
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0), off = 0, rc;

	cr_assert_neq(fd, -1);
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	rc = bind(fd, (struct sockaddr *)&any, sizeof(any));
	close(fd);
	return rc == 0;
}

const char *
reserve_port(void)
{
	unsigned int start = arc4random_uniform(PORTS);
	char *text = reserved.ports[reserved.nports++];
	in_port_t port;

	cr_assert_leq(reserved.nports, RESERVED);
	for (unsigned int i = 0; i < PORTS; i++) {
		port = (in_port_t)(FIRST + (start + i) % PORTS);
		(void)snprintf(text, sizeof(*reserved.ports), "%u", port);
		if (reserve(text) && binds(SOCK_STREAM, port) &&
		    binds(SOCK_DGRAM, port))
			return text;
	}
	cr_assert_fail("no port is free");
	return NULL;
}

/* At random: a former test may have left a TIME_WAIT there for a minute. */
const char *
reserve_address(void)
{
	unsigned int n;

	while (reserved.address[0] == '\0') {
		n = arc4random_uniform(ADDRESSES);
		(void)snprintf(reserved.address, sizeof(reserved.address),
		    "127.%u.%u.%u", NET + (n >> 16), n >> 8 & 255, n & 255);
		if (!reserve(reserved.address))
			reserved.address[0] = '\0';
	}
	return reserved.address;
}
