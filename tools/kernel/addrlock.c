/* SPDX-License-Identifier: ISC */
/*
 * Bind, and let the kernel say who was first; by a marked call, since another
 * lease may have laid its net below these tools.
 */
#include "kernel/addrlock.h"
#include "sock/bypass.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static int
bound(uint32_t ip, uint16_t port, int type, bool reuse)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(ip) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	int one = 1, keep;

	if (fd == -1)
		return -1;
	if (reuse &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == -1)
		goto fail;
	if (bypass_bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0)
		return fd;
fail:
	keep = errno;
	close(fd);
	errno = keep;
	return -1;
}

uint32_t
addrlock_address(uint32_t ip)
{
	return (ip & POOL_MASK) == POOL_NET ? ip | 0xff : ip;
}

int
addrlock_take(uint32_t ip)
{
	return bound(addrlock_address(ip), ADDRLOCK_PORT, SOCK_STREAM, false);
}

bool
addrlock_held(uint32_t ip)
{
	int fd = addrlock_take(ip);

	if (fd == -1)
		return errno == EADDRINUSE;
	close(fd);
	return false;
}

int
addrlock_probe(uint32_t ip, uint16_t port, int type, bool reuse)
{
	int fd = bound(ip, port, type, reuse);

	return fd == -1 ? -1 : close(fd);
}
