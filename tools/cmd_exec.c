/* SPDX-License-Identifier: ISC */
/* portlease exec: run a client inside an existing lease. */
#include "../shim/terms.h"
#include "commands.h"
#include "environment.h"
#include "lease.h"
#include "options.h"
#include "wire.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct choice {
	uint32_t ip; /* 0: the only one */
	unsigned int found;
	struct go go;
};

static int
choose(const struct statedir *dir, struct stored *s, void *arg)
{
	struct choice *choice = arg;

	(void)dir;
	if (s->record == NULL || (choice->ip != 0 && choice->ip != s->ip) ||
	    lease_state(s) != LEASE_LIVE)
		return 0;
	choice->found++;
	options_address_text(s->ip, choice->go.ip);
	(void)strlcpy(choice->go.record, s->path, sizeof(choice->go.record));
	return terms_format(&s->record->terms, choice->go.terms,
		   sizeof(choice->go.terms)) == 0;
}

/* Without --lease: the lease that we are called in, else the only one. */
static uint32_t
surrounding(void)
{
	const char *ip = getenv("PORTLEASE_IP");

	return ip == NULL ? 0 : options_address(ip);
}

static void
find(struct choice *choice)
{
	char ip[16];

	(void)store_each(lease_netns(), choose, choice);
	if (choice->found == 1)
		return;
	if (choice->ip != 0) {
		options_address_text(choice->ip, ip);
		errx(EXIT_PORTLEASE, "exec: %s is not leased; see portlease ps",
		    ip);
	}
	errx(EXIT_PORTLEASE,
	    choice->found == 0
		? "exec: nothing is leased; see portlease run --help"
		: "exec: several leases: choose one with --lease; see "
		  "portlease ps");
}

static int
run(const struct command *self, int argc, char *argv[])
{
	struct choice choice = { 0 };
	struct options o;
	int first;

	options_default(&o);
	first = options_parse(&o, FOR_EXEC, self->usage, argc, argv);
	if (first == argc)
		errx(EXIT_PORTLEASE,
		    "exec: no command given; see portlease exec --help");
	choice.ip = o.ip != 0 ? o.ip : surrounding();
	find(&choice);
	if (environment_enter(&choice.go) == -1)
		err(EXIT_PORTLEASE, "exec: environment");
	(void)execvp(argv[first], &argv[first]);
	err(errno == ENOENT || errno == ENOTDIR ? EXIT_NOT_FOUND
						: EXIT_NOT_EXECUTABLE,
	    "%s", argv[first]);
}

const struct command cmd_exec = {
	"exec",
	"exec [--lease IP] [--] command [arg ...]",
	"run a client inside a lease",
	run,
};
