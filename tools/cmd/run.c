/* SPDX-License-Identifier: ISC */
/* portlease run: lease, run, prove, free. */
#include "base/options.h"
#include "cmd/commands.h"
#include "lease/terms.h"
#include "run/front.h"

#include <err.h>

static int
run(const struct command *self, int argc, char *argv[])
{
	struct options o;
	int first;

	options_default(&o);
	first = options_parse(&o, FOR_RUN, self->usage, argc, argv);
	if (first == argc)
		errx(EXIT_PORTLEASE,
		    "run: no command given; see portlease run --help");
	/* What is awaited must not be answered by a stranger. */
	if (!terms_add_ports(&o.terms, &o.awaited))
		errx(EXIT_PORTLEASE, "run: too many ranges of ports");
	if (o.ip != 0 && o.ip_arg[0] != '\0')
		errx(EXIT_PORTLEASE, "run: --ip or --ip-arg, not both");
	if (o.ip_arg[0] != '\0')
		options_take_ip(&o, &argv[first + 1]);
	options_check_ports(&o, argv[0]);
	return front_run(&o, &argv[first]);
}

const struct command cmd_run = {
	"run",
	"run [options] [--] command [arg ...]",
	"lease, run, prove, free",
	run,
};
