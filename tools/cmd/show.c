/* SPDX-License-Identifier: ISC */
/* portlease show: one lease, with its programs and open sockets. */
#include "cmd/format.h"
#include "cmd/getopts.h"

#include <err.h>

static int
run(struct options *o, char *argv[])
{
	struct stored stored;
	struct view view;

	if (argv[0] == NULL || argv[1] != NULL)
		errx(EXIT_PORTLEASE, "show: give one address; see portlease "
				     "ps");
	if (!view_find(&stored, getopts_lease(&cmd_show, argv[0]), STORE_READ))
		errx(EXIT_PORTLEASE, "show: %s: no such lease of yours",
		    argv[0]);
	view_make(&view, &stored, true);
	(o->json ? format_json : format_text).detail(&view);
	view_free(&view);
	return 0;
}

const struct command cmd_show = {
	"show",
	CMD_SHOW,
	"show [--json] IP",
	"one lease: programs, sockets and their openers",
	run,
	NULL,
	OPERANDS_LEASE,
};
