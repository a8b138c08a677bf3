/* SPDX-License-Identifier: ISC */
/* sock_diag shows the bound socket that is the lock, /proc whose it is. */
#include "kernel/rival.h"
#include "base/clock.h"
#include "kernel/addrlock.h"
#include "kernel/sockwatch.h"

#include <errno.h>
#include <unistd.h>

static void
find(uint32_t ip, struct leftover *rival)
{
	struct sockdiag *diag = sockdiag_open();
	struct sockets all = { 0 };
	struct evidence e = { 0 };

	*rival = (struct leftover){ 0 };
	if (diag != NULL)
		(void)sockdiag_tcp_bound(diag, addrlock_address(ip), 32, &all);
	sockdiag_close(diag);
	for (size_t i = 0; i < all.n && e.nleft < EVIDENCE_LEFT; i++)
		if (all.list[i].local.port == ADDRLOCK_PORT &&
		    all.list[i].inode != 0)
			e.left[e.nleft++] =
			    (struct leftover){ .socket = all.list[i] };
	sockets_free(&all);
	evidence_holders(&e);
	for (size_t i = 0; i < e.nleft && rival->holder == 0; i++)
		*rival = e.left[i];
}

/* Without the kernel's reports, look again after a while. */
static void
wait_for_it(uint32_t ip, int watch, int64_t left)
{
	const struct terms t = { .leased = ip, .flags = TERMS_ADOPTED };
	int64_t most = watch == -1 ? 20 : 1000;

	sockwatch_wait(watch, -1, &t, left < most ? left : most);
}

int
addrlock_wait(uint32_t ip, int64_t until, struct leftover *rival)
{
	int lock = addrlock_take(ip), watch;
	int64_t left;

	if (lock != -1 || errno != EADDRINUSE)
		return lock;
	watch = sockwatch_open();
	while ((lock = addrlock_take(ip)) == -1 && errno == EADDRINUSE &&
	       (left = until - clock_ms()) > 0)
		wait_for_it(ip, watch, left);
	if (watch != -1)
		close(watch);
	if (lock == -1 && errno == EADDRINUSE) {
		find(ip, rival);
		errno = EADDRINUSE;
	}
	return lock;
}
