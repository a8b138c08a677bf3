/* SPDX-License-Identifier: ISC */
/*
 * The lock on the record tells whether its monitor lives, and disturbs nobody.
 * For a record that cannot be read, the lock of the address is tried: for a
 * moment that keeps the address from a claim.
 */
#include "store/lease.h"
#include "base/clock.h"
#include "base/parse.h"
#include "base/printable.h"
#include "base/text.h"
#include "kernel/addrlock.h"
#include "kernel/procfs.h"
#include "kernel/reclock.h"
#include "store/records.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum lease_state
lease_state(const struct stored *s)
{
	if (s->live || (s->record == NULL && addrlock_held(s->ip)))
		return LEASE_LIVE;
	return s->record == NULL ? LEASE_UNREADABLE : LEASE_ORPHAN;
}

/* The descriptor first: the holder of the lock after that is the one it names.
 */
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
	enum store_access access;
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
	store_map(dir, s->name, search->access, search->stored);
	return search->stored->record == NULL;
}

/* Why none was found, or no one of several. */
static void
explain(const struct search *search, char *why)
{
	char ip[INET_ADDRSTRLEN];

	text_address(search->ip, ip);
	if (search->orphan)
		(void)snprintf(why, LEASE_WHY,
		    "%s: the monitor was lost: 'portlease reap %s' finishes "
		    "what it left",
		    ip, ip);
	else if (search->ip != 0)
		(void)snprintf(
		    why, LEASE_WHY, "%s is not leased; see portlease ps", ip);
	else if (search->found == 0)
		(void)strlcpy(why,
		    "nothing is leased; see portlease run --help", LEASE_WHY);
	else
		(void)strlcpy(why,
		    "several leases: choose one; see portlease ps", LEASE_WHY);
}

int
lease_find(struct stored *s, uint32_t ip, enum store_access access,
    char why[static LEASE_WHY])
{
	const char *inside = getenv("PORTLEASE_IP");
	struct search search = { .ip = ip, .access = access, .stored = s };
	uint64_t netns = lease_netns();

	memset(s, 0, sizeof(*s));
	if (netns == 0) {
		(void)snprintf(
		    why, LEASE_WHY, "/proc/self/ns/net: %s", strerror(errno));
		return -1;
	}
	if (ip == 0 && inside != NULL) {
		search.ip = parse_address(inside);
		if (search.ip == 0) {
			(void)snprintf(why, LEASE_WHY,
			    "PORTLEASE_IP: '%s' is not an address in "
			    "127.0.0.0/8",
			    printable_copy(inside));
			return -1;
		}
	}
	(void)records_each(netns, choose, &search);
	if (search.found == 1 && s->record != NULL)
		return 0;
	explain(&search, why);
	return -1;
}

struct namesake {
	const struct statedir *dir;
	const char *name;
	struct stored *stored;
	enum store_access access;
};

static int
find_named(uint32_t ip, const struct identity *id, void *arg)
{
	const struct namesake *n = arg;

	if (strncmp(id->name, n->name, sizeof(id->name)) != 0)
		return 0;
	store_unmap(n->stored);
	return records_find(n->dir, n->stored, ip, id->netns, n->access) &&
	       n->stored->record != NULL && n->stored->live;
}

bool
lease_named(const struct statedir *dir, struct stored *s, const char *name,
    enum store_access access)
{
	struct namesake n = { dir, name, s, access };

	memset(s, 0, sizeof(*s));
	s->fd = -1;
	(void)records_identities(dir, lease_netns(), find_named, &n);
	return s->record != NULL;
}

void
lease_name(const struct stored *s, char name[static NAME_SIZE])
{
	memcpy(name, s->record->identity.name, NAME_SIZE);
	name[NAME_SIZE - 1] = '\0';
	if (!name_valid(name))
		name[0] = '\0';
}

const char *
lease_state_name(enum lease_state state)
{
	static const char *const names[] = { "live", "orphan", "unreadable" };

	return names[state];
}

double
lease_age(const struct stored *s)
{
	double now = (double)clock_ms() / 1000, age = 0;
	struct stat st;

	if (!s->past)
		return now - (double)s->record->identity.since / 1e9;
	if (stat(s->path, &st) == 0)
		age = difftime(time(NULL), st.st_mtime);
	/* Not less than this boot has lasted, whatever the wall clock did. */
	return age > now ? age : now;
}

uint64_t
lease_netns(void)
{
	uint64_t netns;

	return procfs_namespace("net", &netns) == 0 ? netns : 0;
}
