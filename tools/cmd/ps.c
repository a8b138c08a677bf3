/* SPDX-License-Identifier: ISC */
/* portlease ps: all leases of the user in this network namespace. */
#include "cmd/format.h"
#include "cmd/getopts.h"
#include "store/records.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

struct all {
	size_t n;
	struct stored **stored; /* each on the heap, records stay mapped */
};

/* Take the mapping over: the walk unmaps what it still has. */
static int
keep(const struct statedir *dir, struct stored *s, void *arg)
{
	struct all *all = arg;
	struct stored *copy = malloc(sizeof(*copy));

	(void)dir;
	all->stored =
	    reallocarray(all->stored, all->n + 1, sizeof(struct stored *));
	if (copy == NULL || all->stored == NULL)
		err(EXIT_PORTLEASE, "ps");
	*copy = *s;
	s->record = NULL;
	all->stored[all->n++] = copy;
	return 0;
}

static int
run(const struct command *self, int argc, char *argv[])
{
	struct all all = { 0 };
	struct view *views;
	struct options o;
	int first;

	options_default(&o);
	first = getopts(&o, self, argc, argv);
	if (first < argc)
		errx(EXIT_PORTLEASE, "ps: '%s' is not needed", argv[first]);
	(void)records_each(view_netns(), keep, &all);
	views = calloc(all.n + 1, sizeof(*views));
	if (views == NULL)
		err(EXIT_PORTLEASE, "ps");
	for (size_t i = 0; i < all.n; i++)
		view_make(&views[i], all.stored[i], o.json);
	(o.json ? format_json : format_text).list(views, all.n);
	for (size_t i = 0; i < all.n; i++) {
		view_free(&views[i]);
		store_unmap(all.stored[i]);
		free(all.stored[i]);
	}
	free(views);
	free(all.stored);
	return 0;
}

const struct command cmd_ps = {
	"ps",
	CMD_PS,
	"ps [--json]",
	"all leases of yours",
	run,
};
