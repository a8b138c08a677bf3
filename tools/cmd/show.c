/* SPDX-License-Identifier: ISC */
/* portlease show: one lease, with its programs and open sockets. */
#include "cmd/format.h"
#include "cmd/getopts.h"
#include "store/records.h"

#include <err.h>

struct wanted {
	uint32_t ip;
	const struct format *format;
};

static int
show(const struct statedir *dir, struct stored *s, void *arg)
{
	const struct wanted *wanted = arg;
	struct view view;

	(void)dir;
	if (s->ip != wanted->ip)
		return 0;
	view_make(&view, s, true);
	wanted->format->detail(&view);
	view_free(&view);
	return 1;
}

static int
run(struct options *o, char *argv[])
{
	struct wanted wanted;

	if (argv[0] == NULL || argv[1] != NULL)
		errx(EXIT_PORTLEASE, "show: give one address; see portlease "
				     "ps");
	wanted.ip = getopts_address(&cmd_show, argv[0]);
	wanted.format = o->json ? &format_json : &format_text;
	if (records_each(view_netns(), show, &wanted) == 0)
		errx(EXIT_PORTLEASE, "show: %s: no such lease of yours",
		    argv[0]);
	return 0;
}

const struct command cmd_show = {
	"show",
	CMD_SHOW,
	"show [--json] IP",
	"one lease: programs, sockets, who opened them",
	run,
	NULL,
};
