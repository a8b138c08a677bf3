/* SPDX-License-Identifier: ISC */
/* portlease pid: what was started with `run` is the front, not the command. */
#include "cmd/getopts.h"
#include "store/lease.h"

#include <err.h>
#include <stdio.h>

static int
run(struct options *o, char *argv[])
{
	struct stored lease;
	char why[LEASE_WHY];
	pid_t pid;

	if (argv[0] != NULL && argv[1] != NULL)
		errx(EXIT_PORTLEASE, "pid: one lease at a time");
	if (argv[0] != NULL)
		o->ip = getopts_lease(&cmd_pid, argv[0]);
	if (lease_find(&lease, o->ip, STORE_READ, why) == -1)
		errx(EXIT_PORTLEASE, "pid: %s", why);
	pid = lease.record->identity.command;
	store_unmap(&lease);
	if (pid <= 0)
		errx(EXIT_PORTLEASE, "pid: the lease has no command");
	printf("%d\n", pid);
	return 0;
}

const struct command cmd_pid = {
	"pid",
	CMD_PID,
	"pid [IP|NAME]",
	"print the process id of the command of a lease",
	run,
	NULL,
	OPERANDS_LEASE,
};
