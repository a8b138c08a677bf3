/* SPDX-License-Identifier: ISC */
/* sock_diag shows the bound socket that is the lock, /proc whose it is. */
#include "rival.h"
#include "clock.h"
#include "sentinel.h"

#include <errno.h>
#include <poll.h>
#include <sys/pidfd.h>
#include <unistd.h>

static int
keep(const struct sockdiag_socket *s, void *arg)
{
	struct evidence *e = arg;

	if (s->lport != SENTINEL_PORT || s->inode == 0)
		return 0;
	e->left[e->nleft++] = (struct leftover){ .socket = *s };
	return e->nleft == EVIDENCE_LEFT;
}

static void
find(uint32_t ip, struct leftover *rival)
{
	struct sockdiag *diag = sockdiag_open();
	struct evidence e = { 0 };

	*rival = (struct leftover){ 0 };
	if (diag != NULL)
		(void)sockdiag_tcp_listeners(
		    diag, sentinel_address(ip), 32, keep, &e);
	sockdiag_close(diag);
	evidence_holders(&e);
	for (size_t i = 0; i < e.nleft && rival->holder == 0; i++)
		*rival = e.left[i];
}

bool
rival_wait(uint32_t ip, int64_t until, struct leftover *rival)
{
	struct pollfd end = { .events = POLLIN };
	int64_t left;
	int n = 0;

	find(ip, rival);
	if (rival->holder == 0)
		return false;
	end.fd = pidfd_open(rival->holder, 0);
	if (end.fd == -1)
		return errno == ESRCH;
	while (n == 0 && (left = until - clock_ms()) > 0)
		if ((n = poll(&end, 1, (int)left)) == -1 && errno == EINTR)
			n = 0;
	close(end.fd);
	return n == 1;
}
