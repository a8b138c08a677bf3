/* SPDX-License-Identifier: ISC */
/*
 * The lock on the record tells, and disturbs nobody.  Only of one that cannot
 * be read the sentinel must be asked: for a moment that keeps the address from
 * whoever wants it.
 */
#include "store/lease.h"
#include "base/clock.h"
#include "base/options.h"
#include "base/parse.h"
#include "base/printable.h"
#include "base/text.h"
#include "kernel/addrlock.h"
#include "kernel/procfs.h"
#include "kernel/reclock.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

bool
lease_monitor_lives(const struct identity *id)
{
	return id->monitor > 0 && procfs_alive(id->monitor, id->start);
}

enum lease_state
lease_state(const struct stored *s)
{
	if (s->live || (s->record == NULL && addrlock_held(s->ip)))
		return LEASE_LIVE;
	return s->record == NULL ? LEASE_UNREADABLE : LEASE_ORPHAN;
}

/* The descriptor first: who has the lock after that is whom it names. */
int
lease_monitor(const struct stored *s, pid_t *pid)
{
	int fd, error = ESRCH;
	pid_t again;

	if (reclock_monitor(s->fd, pid) && *pid == 0)
		error = EXDEV;
	fd = *pid != 0 ? pidfd_open(*pid, 0) : -1;
	if (fd != -1 && reclock_monitor(s->fd, &again) && again == *pid)
		return fd;
	if (fd != -1)
		close(fd);
	errno = error;
	return -1;
}

struct search {
	uint32_t ip; /* 0: the only one */
	unsigned int found;
	bool orphan; /* that address has a record, and no monitor */
	struct stored *stored; /* the last one found */
};

static int
choose(const struct statedir *dir, struct stored *s, void *arg)
{
	struct search *search = arg;

	if (s->record == NULL || (search->ip != 0 && search->ip != s->ip))
		return 0;
	if (lease_state(s) != LEASE_LIVE) {
		search->orphan = search->ip != 0;
		return 0;
	}
	search->found++;
	store_unmap(search->stored);
	store_map(dir, s->name, true, search->stored);
	return search->stored->record == NULL;
}

void
lease_find(struct stored *s, uint32_t ip, const char *command)
{
	const char *inside = getenv("PORTLEASE_IP");
	struct search search = { .ip = ip, .stored = s };
	char text[16];

	memset(s, 0, sizeof(*s));
	if (ip == 0 && inside != NULL) {
		search.ip = parse_address(inside);
		if (search.ip == 0)
			errx(EXIT_PORTLEASE,
			    "%s: PORTLEASE_IP: '%s' is not an address in "
			    "127.0.0.0/8",
			    command, printable_copy(inside));
	}
	(void)store_each(lease_netns(), choose, &search);
	if (search.found == 1 && s->record != NULL)
		return;
	if (search.ip != 0)
		text_address(search.ip, text);
	if (search.orphan)
		errx(EXIT_PORTLEASE,
		    "%s: %s: the monitor was lost: 'portlease reap %s' "
		    "finishes what it left",
		    command, text, text);
	if (search.ip != 0)
		errx(EXIT_PORTLEASE, "%s: %s is not leased; see portlease ps",
		    command, text);
	errx(EXIT_PORTLEASE,
	    search.found == 0 ? "%s: nothing is leased; see portlease run "
				"--help"
			      : "%s: several leases: choose one; see "
				"portlease ps",
	    command);
}

const char *
lease_state_name(enum lease_state state)
{
	static const char *const names[] = { "live", "orphan", "unreadable" };

	return names[state];
}

/* Not less than this boot has lasted, whatever the wall clock did. */
static double
past_age(const struct stored *s)
{
	double least = (double)clock_ms() / 1000, age = 0;
	struct stat st;

	if (stat(s->path, &st) == 0)
		age = difftime(time(NULL), st.st_mtime);
	return age > least ? age : least;
}

double
lease_age(const struct stored *s)
{
	if (s->past)
		return past_age(s);
	return (double)clock_ms() / 1000 -
	       (double)s->record->identity.since / 1e9;
}

uint64_t
lease_netns(void)
{
	uint64_t netns;

	if (procfs_namespace("net", &netns) == -1)
		err(EXIT_PORTLEASE, "/proc/self/ns/net");
	return netns;
}
