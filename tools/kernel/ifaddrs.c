/* SPDX-License-Identifier: ISC */
/* getifaddrs(3) does the work. */
#include "kernel/ifaddrs.h"

#include <ifaddrs.h>
#include <stdbool.h>
#include <stddef.h>

static bool
loopback(const struct endpoint *ep)
{
	return IN6_IS_ADDR_LOOPBACK(&ep->addr) || endpoint_ip4(ep) >> 24 == 127;
}

void
ifaddrs_fill(struct terms *t)
{
	struct ifaddrs *list;
	struct endpoint ep;

	t->nown = 0;
	if (getifaddrs(&list) == -1)
		return;
	for (struct ifaddrs *i = list; i && t->nown < TERMS_OWN;
	     i = i->ifa_next)
		if (endpoint_read(
			&ep, i->ifa_addr, sizeof(struct sockaddr_in6)) &&
		    !loopback(&ep))
			t->own[t->nown++] = ep.addr;
	freeifaddrs(list);
}
