/* SPDX-License-Identifier: ISC */
/*
 * Bind, and let the kernel say which process was first; by a marked call,
 * since these tools may run under the seccomp filter of another lease.
 */
#include "kernel/addrlock.h"
#include "base/clock.h"
#include "base/fail.h"
#include "kernel/sockdiag.h"
#include "kernel/sockwatch.h"
#include "sock/bypass.h"

#include <netinet/in.h>
#include <sys/socket.h>

static int
bound(uint32_t ip, uint16_t port, int type, bool reuse)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(ip) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), one = 1;

	if (fd == -1)
		return -1;
	if (reuse &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == -1)
		return close_quietly(fd);
	if (bypass_bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		return close_quietly(fd);
	return fd;
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

/* sock_diag shows the bound socket that is the lock, /proc whose it is. */
static void
find_rival(uint32_t ip, struct holder *rival)
{
	struct sockdiag *diag = sockdiag_open();
	struct sockets all = { 0 };

	*rival = (struct holder){ 0 };
	if (diag != NULL)
		(void)sockdiag_tcp_bound(diag, addrlock_address(ip), 32, &all);
	sockdiag_close(diag);
	for (size_t i = 0; i < all.n && rival->pid == 0; i++)
		if (all.list[i].local.port == ADDRLOCK_PORT)
			holders_find(&all.list[i].inode, rival, 1);
	sockets_free(&all);
}

/* Without the kernel's reports, look again after a while. */
static void
wait_for_change(uint32_t ip, int watch, int64_t left)
{
	const struct terms t = { .leased = ip, .flags = TERMS_ADOPTED };
	int64_t most = watch == -1 ? 20 : 1000;

	sockwatch_wait(watch, -1, &t, left < most ? left : most);
}

int
addrlock_wait(uint32_t ip, int64_t until, struct holder *rival)
{
	int lock = addrlock_take(ip), watch;
	int64_t left;

	if (lock != -1 || errno != EADDRINUSE)
		return lock;
	watch = sockwatch_open();
	while ((lock = addrlock_take(ip)) == -1 && errno == EADDRINUSE &&
	       (left = until - clock_ms()) > 0)
		wait_for_change(ip, watch, left);
	if (watch != -1)
		close(watch);
	if (lock == -1 && errno == EADDRINUSE) {
		find_rival(ip, rival);
		errno = EADDRINUSE;
	}
	return lock;
}

int
addrlock_probe(uint32_t ip, uint16_t port, int type, bool reuse)
{
	int fd = bound(ip, port, type, reuse);

	return fd == -1 ? -1 : close(fd);
}
