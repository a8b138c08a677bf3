/* SPDX-License-Identifier: ISC */
/*
 * A new record is written under a name that no reader takes, which belongs
 * to the address, and so to the one who holds its lock: what a crash leaves
 * there is overwritten by the next.
 */
#include "store/store.h"
#include "base/fault.h"
#include "base/parse.h"
#include "kernel/addrlock.h"
#include "kernel/reclock.h"
#include "store/identity.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void
new_name(const char *name, char text[static 56])
{
	(void)snprintf(text, 56, ".%s.new", name); /* name has at most 47 */
}

static int
name_stored(const struct statedir *dir, const char *name, struct stored *s)
{
	int n;

	memset(s, 0, sizeof(*s));
	s->fd = -1;
	if (strlcpy(s->name, name, sizeof(s->name)) >= sizeof(s->name))
		return -1;
	n = snprintf(s->path, sizeof(s->path), "%s/%s", dir->path, name);
	return n > 0 && (size_t)n < sizeof(s->path) ? 0 : -1;
}

/* "127.80.3.1-4026531840", and nothing else, is the name of a record. */
static bool
parse_name(struct stored *s)
{
	char text[16], again[48];
	size_t len = strcspn(s->name, "-");

	if (len >= sizeof(text) || s->name[len] != '-')
		return false;
	(void)strlcpy(text, s->name, len + 1);
	s->ip = parse_address(text);
	s->netns = strtoull(s->name + len + 1, NULL, 10);
	statedir_name(s->ip, s->netns, again);
	return s->ip != 0 && strcmp(again, s->name) == 0;
}

static struct record *
map(int fd, bool writable)
{
	struct record *r;

	if (writable && fault("record.map") == -1)
		return NULL;
	r = mmap(NULL, sizeof(*r), PROT_READ | (writable ? PROT_WRITE : 0),
	    MAP_SHARED, fd, 0);
	return r == MAP_FAILED ? NULL : r;
}

int
store_create(const struct statedir *dir, const struct terms *terms,
    uint64_t netns, struct stored *s)
{
	char name[48], temp[56];
	int fd, error;

	statedir_name(terms->leased, netns, name);
	if (name_stored(dir, name, s) == -1) {
		errno = ENAMETOOLONG;
		return -1;
	}
	s->terms = *terms;
	s->ip = terms->leased;
	s->netns = netns;
	new_name(name, temp);
	if (unlinkat(dir->fd, temp, 0) == -1 && errno != ENOENT)
		return -1;
	fd =
	    fault("record.create") == -1
		? -1
		: openat(dir->fd, temp,
		      O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	error = fault("record.allocate") == -1
		    ? errno
		    : posix_fallocate(fd, 0, sizeof(struct record));
	if (error == 0 &&
	    (reclock_take(fd) == -1 || (s->record = map(fd, true)) == NULL))
		error = errno;
	(void)fault("record.created");
	if (error == 0) {
		s->record->terms = *terms;
		s->fd = fd;
		s->live = true;
		return 0;
	}
	close(fd);
	(void)unlinkat(dir->fd, temp, 0);
	errno = error;
	return -1;
}

int
store_publish(const struct statedir *dir, const struct stored *s)
{
	char temp[56];
	int error;

	new_name(s->name, temp);
	if (fault("record.publish") == 0 &&
	    renameat(dir->fd, temp, dir->fd, s->name) == 0)
		return 0;
	error = errno;
	(void)unlinkat(dir->fd, temp, 0);
	errno = error;
	return -1;
}

bool
store_has(const struct statedir *dir, uint32_t ip, uint64_t netns)
{
	char name[48];

	statedir_name(ip, netns, name);
	return faccessat(dir->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	       errno != ENOENT;
}

static int
check(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return errno;
	if (st.st_nlink == 0)
		return ENOENT;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return EPERM;
	return st.st_size >= (off_t)sizeof(struct record) ? 0 : EBADMSG;
}

/* The lock is the kernel's word; what is written there, anybody's. */
static bool
of_past(const struct stored *s)
{
	char boot[PROCFS_BOOT_ID];

	return s->record != NULL && !s->live && procfs_boot_id(boot) == 0 &&
	       identity_past(&s->record->identity, boot);
}

/* Without ports: all of them count. */
static struct terms
terms_of_name(uint32_t ip)
{
	bool adopted = addrlock_address(ip) == ip || (ip & 0xff) != HOST_LEASED;

	return (
	    struct terms){ .leased = ip, .flags = adopted ? TERMS_ADOPTED : 0 };
}

/* 0 with s->record; or an errno. */
static int
map_checked(struct stored *s, int fd, bool writable)
{
	struct terms terms;
	int error = check(fd);

	if (error != 0)
		return error;
	s->record = map(fd, writable);
	if (s->record == NULL)
		return errno;
	if (!record_valid(s->record, sizeof(struct record)) ||
	    !record_terms(s->record, &terms) || terms.leased != s->ip) {
		store_unmap(s);
		return EBADMSG;
	}
	s->terms = terms;
	return 0;
}

void
store_map(const struct statedir *dir, const char *name, bool writable,
    struct stored *s)
{
	pid_t monitor;
	int fd;

	if (name_stored(dir, name, s) == -1 || !parse_name(s)) {
		s->error = EINVAL;
		return;
	}
	s->terms = terms_of_name(s->ip);
	fd = openat(dir->fd, name,
	    (writable ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK |
		O_CLOEXEC);
	if (fd == -1) {
		s->error = errno;
		return;
	}
	/* In this order: a monitor that frees removes first, then dies. */
	s->live = reclock_monitor(fd, &monitor);
	s->error = map_checked(s, fd, writable);
	if (s->record != NULL && writable)
		s->fd = fd;
	else
		close(fd);
	s->past = of_past(s);
}

void
store_unmap(struct stored *s)
{
	if (s->record != NULL) {
		(void)munmap(s->record, sizeof(struct record));
		if (s->fd != -1)
			close(s->fd);
	}
	s->record = NULL;
	s->fd = -1;
}

int
store_remove(const struct statedir *dir, const char *name)
{
	if (fault("record.remove") == -1 || unlinkat(dir->fd, name, 0) == -1)
		return -1;
	(void)fault("record.removed");
	return 0;
}

struct walk {
	uint64_t netns;
	int (*each)(const struct statedir *, struct stored *, void *);
	void *arg;
};

static int
is_record(const struct dirent *entry)
{
	return entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
}

static int
walk_one(const struct statedir *dir, const char *name, const struct walk *w)
{
	struct stored s;
	int rc = 0;

	store_map(dir, name, false, &s);
	if (s.error != EINVAL && s.error != ENOENT && s.netns == w->netns)
		rc = w->each(dir, &s, w->arg);
	store_unmap(&s);
	return rc;
}

static int
walk_dir(const struct statedir *dir, void *arg)
{
	struct dirent **list;
	int n = scandirat(dir->fd, ".", &list, is_record, versionsort), rc = 0;

	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = walk_one(dir, list[i]->d_name, arg);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
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

static bool
read_heading(const struct statedir *dir, const char *name, struct heading *h)
{
	int fd = openat(
	    dir->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n;

	if (fd == -1)
		return false;
	n = pread(fd, h, sizeof(*h), 0);
	close(fd);
	return n == (ssize_t)sizeof(*h) && h->magic == RECORD_MAGIC &&
	       h->version == RECORD_VERSION;
}

struct headings {
	uint64_t netns;
	int (*each)(uint32_t ip, const struct identity *, void *);
	void *arg;
};

static int
headings_of(const struct statedir *dir, void *arg)
{
	const struct headings *w = arg;
	int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct heading h;
	int rc = 0;

	if (list == NULL) {
		if (fd != -1)
			close(fd);
		return 0;
	}
	while (rc == 0 && (entry = readdir(list)) != NULL)
		if (is_record(entry) && read_heading(dir, entry->d_name, &h) &&
		    h.identity.netns == w->netns)
			rc = w->each(h.terms.leased, &h.identity, w->arg);
	closedir(list);
	return rc;
}

int
store_identities(uint64_t netns,
    int (*each)(uint32_t ip, const struct identity *, void *), void *arg)
{
	struct headings w = { netns, each, arg };

	return statedir_each(headings_of, &w);
}

static int
is_unfinished(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] == '.' && len > 5 &&
	       strcmp(entry->d_name + len - 4, ".new") == 0;
}

/* Not ours unless it is the name that new_name makes of a record's. */
static void
sweep_one(const struct statedir *dir, const char *temp, uint64_t netns)
{
	struct stored s = { 0 };
	char again[56];
	int lock;

	if (strlcpy(s.name, temp + 1, sizeof(s.name)) >= sizeof(s.name))
		return;
	s.name[strlen(s.name) - 4] = '\0';
	if (!parse_name(&s) || s.netns != netns)
		return;
	new_name(s.name, again);
	lock = strcmp(again, temp) == 0 ? addrlock_take(s.ip) : -1;
	if (lock == -1)
		return;
	(void)unlinkat(dir->fd, temp, 0);
	close(lock);
}

static int
sweep_dir(const struct statedir *dir, void *arg)
{
	const uint64_t *netns = arg;
	struct dirent **list;
	int n = scandirat(dir->fd, ".", &list, is_unfinished, NULL);

	for (int i = 0; i < n; i++) {
		sweep_one(dir, list[i]->d_name, *netns);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return 0;
}

void
store_sweep(uint64_t netns)
{
	(void)statedir_each(sweep_dir, &netns);
}

int
store_each(uint64_t netns,
    int (*each)(const struct statedir *, struct stored *, void *), void *arg)
{
	struct walk w = { netns, each, arg };

	return statedir_each(walk_dir, &w);
}
