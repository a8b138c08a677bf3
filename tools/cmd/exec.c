/* SPDX-License-Identifier: ISC */
/* portlease exec: run a client inside an existing lease. */
#include "base/ipc.h"
#include "base/printable.h"
#include "cmd/getopts.h"
#include "store/enter.h"
#include "store/lease.h"

#include <err.h>
#include <errno.h>
#include <unistd.h>

static int
run(struct options *o, char *argv[])
{
	struct ipc_start start = { 0 };
	struct stored lease;
	char why[LEASE_WHY];

	if (argv[0] == NULL)
		errx(EXIT_PORTLEASE,
		    "exec: no command given; see portlease exec --help");
	if (lease_find(&lease, o->ip, STORE_READ, why) == -1)
		errx(EXIT_PORTLEASE, "exec: %s", why);
	if (ipc_fill_start(&start, &lease.terms, lease.path) == -1)
		err(EXIT_PORTLEASE, "exec: environment");
	lease_name(&lease, start.name);
	if (enter_lease(&start) == -1)
		err(EXIT_PORTLEASE, "exec: environment");
	enter_note_uncovered(lease.path, argv[0], false);
	(void)execvp(argv[0], argv);
	err(errno == ENOENT || errno == ENOTDIR ? EXIT_NOT_FOUND
						: EXIT_NOT_EXECUTABLE,
	    "%s", printable_copy(argv[0]));
}

const struct command cmd_exec = {
	"exec",
	CMD_EXEC,
	"exec [--lease IP|NAME] [--] command [arg ...]",
	"run a client inside a lease",
	run,
	NULL,
	OPERANDS_COMMAND,
};
