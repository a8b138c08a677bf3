/* SPDX-License-Identifier: ISC */
/* portlease run: lease, run, prove, free. */
#include "cmd/getopts.h"
#include "run/front.h"

#include <err.h>

static int
run(struct options *o, char *argv[])
{
	if (argv[0] == NULL)
		errx(EXIT_PORTLEASE,
		    "run: no command given; see portlease run --help");
	if (o->ip != 0 && o->ip_arg[0] != '\0')
		errx(EXIT_PORTLEASE, "run: --ip or --ip-arg, not both");
	if (o->ip_arg[0] != '\0')
		getopts_ip_arg(o, argv + 1);
	getopts_ports(o, &cmd_run);
	return front_run(o, argv);
}

const struct command cmd_run = {
	"run",
	CMD_RUN,
	"run [options] [--] command [arg ...]",
	"lease, run, prove, free",
	run,
	NULL,
	OPERANDS_COMMAND,
};
