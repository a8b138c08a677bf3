/* SPDX-License-Identifier: ISC */
/* portlease ip: the address of a lease, for scripts and bookmarks. */
#include "base/text.h"
#include "cmd/getopts.h"
#include "store/lease.h"

#include <err.h>
#include <netinet/in.h>
#include <stdio.h>

static int
run(struct options *o, char *argv[])
{
	char ip[INET_ADDRSTRLEN], why[LEASE_WHY];
	struct stored lease;

	if (argv[0] != NULL && argv[1] != NULL)
		errx(EXIT_PORTLEASE, "ip: one lease at a time");
	if (argv[0] != NULL)
		o->ip = getopts_lease(&cmd_ip, argv[0]);
	if (lease_find(&lease, o->ip, STORE_READ, why) == -1)
		errx(EXIT_PORTLEASE, "ip: %s", why);
	puts(text_address(lease.ip, ip));
	store_unmap(&lease);
	return 0;
}

const struct command cmd_ip = {
	"ip",
	CMD_IP,
	"ip [NAME]",
	"print the address of a lease",
	run,
	NULL,
	OPERANDS_LEASE,
};
