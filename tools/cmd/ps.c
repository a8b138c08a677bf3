/* SPDX-License-Identifier: ISC */
/* portlease ps: all leases of the user in this network namespace. */
#include "base/grow.h"
#include "cmd/format.h"
#include "cmd/getopts.h"
#include "store/records.h"

#include <err.h>
#include <stdlib.h>

struct views {
	struct view *list;
	size_t n;
	bool holders;
};

static int
add(const struct statedir *dir, struct stored *s, void *arg)
{
	struct views *views = arg;

	(void)dir;
	views->list = grow(views->list, views->n, sizeof(*views->list));
	if (views->list == NULL)
		err(EXIT_PORTLEASE, "ps");
	view_make(&views->list[views->n++], s, views->holders);
	return 0;
}

static int
run(struct options *o, char *argv[])
{
	struct views views = { .holders = o->json };

	if (argv[0] != NULL)
		errx(EXIT_PORTLEASE, "ps: '%s' is not needed", argv[0]);
	(void)records_each(view_netns(), add, &views);
	(o->json ? format_json : format_text).list(views.list, views.n);
	for (size_t i = 0; i < views.n; i++)
		view_free(&views.list[i]);
	free(views.list);
	return 0;
}

const struct command cmd_ps = {
	"ps",
	CMD_PS,
	"ps [--json]",
	"all leases of yours",
	run,
	NULL,
	OPERANDS_NONE,
};
