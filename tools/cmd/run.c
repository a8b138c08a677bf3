/* SPDX-License-Identifier: ISC */
/* portlease run: lease, run, prove, free. */
#include "cmd/getopts.h"
#include "run/front.h"

#include <err.h>

static int
run(const struct command *self, int argc, char *argv[])
{
	struct options o;
	int first;

	options_default(&o);
	first = getopts(&o, self, argc, argv);
	if (first == argc)
		errx(EXIT_PORTLEASE,
		    "run: no command given; see portlease run --help");
	if (o.ip != 0 && o.ip_arg[0] != '\0')
		errx(EXIT_PORTLEASE, "run: --ip or --ip-arg, not both");
	if (o.ip_arg[0] != '\0')
		getopts_ip_arg(&o, &argv[first + 1]);
	getopts_ports(&o, self);
	return front_run(&o, &argv[first]);
}

const struct command cmd_run = {
	"run",
	CMD_RUN,
	"run [options] [--] command [arg ...]",
	"lease, run, prove, free",
	run,
};
