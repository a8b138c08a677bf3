/* SPDX-License-Identifier: ISC */
#include "store/records.h"
#include "kernel/addrlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static int
is_record(const struct dirent *entry)
{
	return entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
}

/* Two callbacks, of which a walk has one. */
struct walk {
	uint64_t netns;
	int (*each)(const struct statedir *, struct stored *, void *);
	int (*identity)(uint32_t ip, const struct identity *, void *);
	void *arg;
};

static int
map_one(const struct statedir *dir, const char *name, void *arg)
{
	const struct walk *w = arg;
	struct stored s;
	int rc = 0;

	store_map(dir, name, STORE_READ, &s);
	if (s.error != EINVAL && s.error != ENOENT && s.netns == w->netns)
		rc = w->each(dir, &s, w->arg);
	store_unmap(&s);
	return rc;
}

/* The start of a record, up to and with its identity. */
struct heading {
	uint64_t magic;
	uint32_t version;
	uint32_t size;
	struct terms terms;
	struct identity identity;
};

_Static_assert(
    offsetof(struct heading, identity) == offsetof(struct record, identity),
    "a heading is the start of a record");

static int
read_one(const struct statedir *dir, const char *name, void *arg)
{
	const struct walk *w = arg;
	struct heading h;
	ssize_t n;
	int fd = openat(
	    dir->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1)
		return 0;
	n = pread(fd, &h, sizeof(h), 0);
	close(fd);
	if (n != (ssize_t)sizeof(h) || h.magic != RECORD_MAGIC ||
	    h.version != RECORD_VERSION || h.identity.netns != w->netns)
		return 0;
	return w->identity(h.terms.leased, &h.identity, w->arg);
}

static int
walk_dir(const struct statedir *dir, void *arg)
{
	const struct walk *w = arg;

	return statedir_scan(
	    dir, is_record, w->each != NULL ? map_one : read_one, arg);
}

int
records_each(uint64_t netns,
    int (*each)(const struct statedir *, struct stored *, void *), void *arg)
{
	struct walk w = { .netns = netns, .each = each, .arg = arg };

	return statedir_each(walk_dir, &w);
}

int
records_identities(const struct statedir *dir, uint64_t netns,
    int (*each)(uint32_t ip, const struct identity *, void *), void *arg)
{
	struct walk w = { .netns = netns, .identity = each, .arg = arg };

	return dir != NULL ? walk_dir(dir, &w) : statedir_each(walk_dir, &w);
}

static int
is_unfinished(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] == '.' && len > 5 &&
	       strcmp(entry->d_name + len - 4, ".new") == 0;
}

/* A name that is not made of a record's was not made by us. */
static int
sweep_one(const struct statedir *dir, const char *temp, void *arg)
{
	const uint64_t *netns = arg;
	char name[48];
	uint64_t its;
	uint32_t ip;
	int lock;

	if (strlcpy(name, temp + 1, sizeof(name)) >= sizeof(name))
		return 0;
	name[strlen(name) - strlen(".new")] = '\0';
	if (!statedir_parse(name, &ip, &its) || its != *netns)
		return 0;
	lock = addrlock_take(ip);
	if (lock == -1)
		return 0;
	(void)unlinkat(dir->fd, temp, 0);
	close(lock);
	return 0;
}

static int
sweep_dir(const struct statedir *dir, void *arg)
{
	return statedir_scan(dir, is_unfinished, sweep_one, arg);
}

void
records_sweep(uint64_t netns)
{
	(void)statedir_each(sweep_dir, &netns);
}

struct search {
	struct stored *found;
	uint32_t ip;
	uint64_t netns;
	enum store_access access;
};

static int
find(const struct statedir *dir, void *arg)
{
	const struct search *search = arg;
	char name[48];

	if (!store_has(dir, search->ip, search->netns))
		return 0;
	statedir_name(search->ip, search->netns, name);
	store_map(dir, name, search->access, search->found);
	return search->found->error != ENOENT;
}

bool
records_find(const struct statedir *dir, struct stored *s, uint32_t ip,
    uint64_t netns, enum store_access access)
{
	struct search search = { s, ip, netns, access };

	return (dir != NULL ? find(dir, &search)
			    : statedir_each(find, &search)) != 0;
}
