/* SPDX-License-Identifier: ISC */
/* Other leases come and go all the time: their reports wake nobody here. */
#include "kernel/departures.h"
#include "base/clock.h"
#include "kernel/addrlock.h"
#include "kernel/sockdiag.h"

#include <poll.h>
#include <stdbool.h>

static int
concerns(const struct sockdiag_socket *s, void *arg)
{
	const struct terms *t = arg;
	struct endpoint local = { s->laddr, s->lport, s->family };

	if (slice_contains(t, &local))
		return 1;
	return endpoint_ip4(&local) == addrlock_address(t->leased);
}

void
departures_wait(int watch, int wake, const struct terms *t, int64_t ms)
{
	struct pollfd pfds[] = { { .fd = watch, .events = POLLIN },
		{ .fd = wake, .events = POLLIN } };
	struct terms copy = *t;
	int64_t end = clock_ms() + ms;

	while (ms > 0 && poll(pfds, 2, (int)ms) == 1 && pfds[1].revents == 0 &&
	       sockdiag_watch_read(watch, concerns, &copy) == 0)
		ms = end - clock_ms();
}
