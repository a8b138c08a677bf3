/* SPDX-License-Identifier: ISC */
/*
 * A new record is written under a name that no reader takes, ".IP-NETNS.new".
 * That name belongs to the holder of the address's lock, which overwrites
 * what a crash has left there.
 */
#include "store/store.h"
#include "base/parse.h"
#include "kernel/addrlock.h"
#include "kernel/reclock.h"
#include "lease/errno.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
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

static struct record *
map(int fd, bool writable)
{
	struct record *r;

	r = mmap(NULL, sizeof(*r), PROT_READ | (writable ? PROT_WRITE : 0),
	    MAP_SHARED, fd, 0);
	return r == MAP_FAILED ? NULL : r;
}

/*
 * Our lock comes last: it would go with any descriptor of the file that is
 * closed.
 */
static int
open_again(const struct statedir *dir, const char *temp, struct stored *s)
{
	s->fd = openat(dir->fd, temp, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	s->counted = s->fd != -1 && recmaps_counted(s->fd);
	return s->fd == -1 || reclock_take(s->fd) == -1 ? -1 : 0;
}

/* 0 with s->record; or an errno. */
static int
prepare(struct stored *s, int fd)
{
	int error = posix_fallocate(fd, 0, sizeof(struct record));

	if (error != 0)
		return error;
	if ((s->record = map(fd, true)) == NULL)
		return errno;
	s->record->magic = s->record->end = RECORD_MAGIC;
	s->record->version = RECORD_VERSION;
	s->record->size = sizeof(*s->record);
	s->record->terms = s->terms;
	s->record->identity.netns = s->netns;
	s->live = true;
	return 0;
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
	fd = openat(dir->fd, temp,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	error = prepare(s, fd);
	close(fd);
	if (error == 0 && open_again(dir, temp, s) == 0)
		return 0;
	error = error != 0 ? error : errno;
	store_unmap(s);
	(void)unlinkat(dir->fd, temp, 0);
	errno = error;
	return -1;
}

static uint64_t
start_of(pid_t pid)
{
	struct procfs_stat st;

	return pid != 0 && procfs_stat(pid, &st) == 0 ? st.start : 0;
}

void
store_identify(struct stored *s, const struct ipc_request *r)
{
	struct identity *id = &s->record->identity;
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)procfs_boot_id(id->boot);
	(void)procfs_namespace("pid", &id->pidns);
	id->monitor = getpid();
	id->start = start_of(id->monitor);
	id->owner = r->options.owner;
	id->owner_start = r->owner_start;
	id->grace = (uint64_t)r->options.grace;
	id->command = r->command;
	id->command_start = start_of(r->command);
	id->since = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	(void)strlcpy(id->line, r->line, sizeof(id->line)); /* same size */
	(void)strlcpy(id->name, r->options.name, sizeof(id->name));
}

bool
store_past(const struct identity *id, const char boot[static PROCFS_BOOT_ID])
{
	return id->boot[0] != '\0' && boot[0] != '\0' &&
	       strncmp(id->boot, boot, sizeof(id->boot)) != 0;
}

int
store_publish(const struct statedir *dir, const struct stored *s)
{
	char temp[56];
	int error;

	new_name(s->name, temp);
	if (renameat(dir->fd, temp, dir->fd, s->name) == 0)
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

/* A monitor that holds its lock lives, whatever the record says. */
static bool
of_past(const struct stored *s)
{
	char boot[PROCFS_BOOT_ID];

	return s->record != NULL && !s->live && procfs_boot_id(boot) == 0 &&
	       store_past(&s->record->identity, boot);
}

/* Without ports: all of them count. */
static struct terms
terms_of_name(uint32_t ip)
{
	bool adopted = addrlock_address(ip) == ip || (ip & 0xff) != HOST_LEASED;

	return (
	    struct terms){ .leased = ip, .flags = adopted ? TERMS_ADOPTED : 0 };
}

static bool
same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* The file of fd, for writing, without a descriptor that stays. */
static struct record *
map_writable(const struct statedir *dir, const char *name, int fd)
{
	int rw =
	    openat(dir->fd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct record *r = NULL;

	if (rw == -1)
		return NULL;
	errno = ENOENT;
	if (same_file(fd, rw))
		r = map(rw, true);
	close(rw);
	return r;
}

/* Map it for writing, for a moment, and see whether the kernel counts that. */
static bool
counted(const struct statedir *dir, const char *name, int fd)
{
	struct record *r = map_writable(dir, name, fd);
	bool counts = r != NULL && recmaps_counted(fd);

	if (r != NULL)
		(void)munmap(r, sizeof(*r));
	return counts;
}

/* 0 with s->record; or an errno. */
static int
map_checked(struct stored *s, const struct statedir *dir, int fd, bool writable)
{
	struct terms terms;
	int error = check(fd);

	if (error != 0)
		return error;
	s->record = writable ? map_writable(dir, s->name, fd) : map(fd, false);
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
store_map(const struct statedir *dir, const char *name,
    enum store_access access, struct stored *s)
{
	pid_t monitor;
	int fd;

	if (name_stored(dir, name, s) == -1 ||
	    !statedir_parse(name, &s->ip, &s->netns)) {
		s->error = EINVAL;
		return;
	}
	s->terms = terms_of_name(s->ip);
	fd = openat(
	    dir->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1) {
		s->error = errno;
		return;
	}
	/* In this order: a monitor that frees removes first, then dies. */
	s->live = reclock_monitor(fd, &monitor);
	s->error = map_checked(s, dir, fd, access == STORE_WRITE);
	if (s->record != NULL && access != STORE_READ)
		s->fd = fd;
	else
		close(fd);
	if (s->fd != -1 && access == STORE_END)
		s->counted = counted(dir, name, s->fd);
	s->past = of_past(s);
}

enum writers
store_writers(const struct stored *s)
{
	if (s->fd == -1)
		return WRITERS_NONE;
	return s->counted ? recmaps_writers(s->fd) : WRITERS_UNSEEN;
}

enum writers
store_hold(const struct stored *s)
{
	if (s->fd == -1 || !s->counted)
		return WRITERS_UNSEEN;
	return recmaps_hold(s->fd);
}

void
store_let_go(const struct stored *s)
{
	recmaps_let_go(s->fd);
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

void
store_seal(struct stored *s)
{
	(void)mmap(s->record, sizeof(*s->record), PROT_READ,
	    MAP_SHARED | MAP_FIXED, s->fd, 0);
}

/* By its name, or without one once it is removed. */
static int
open_writable(const struct stored *s)
{
	const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	char path[32];
	int fd = open(s->path, flags);

	if (fd != -1 && same_file(fd, s->fd))
		return fd;
	/* One that is not ours stays open: its locks may be (reclock.h). */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	fd = open(path, flags & ~O_NOFOLLOW);
	return fd != -1 && same_file(fd, s->fd) ? fd : -1;
}

void
store_unseal(struct stored *s)
{
	int fd = open_writable(s);

	(void)mmap(s->record, sizeof(*s->record), PROT_READ | PROT_WRITE,
	    (fd != -1 ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED,
	    fd != -1 ? fd : s->fd, 0);
}

/* Its descriptor, to tell them with; -1 when it is none of ours. */
static int
open_to_tell(const struct statedir *dir, const char *name)
{
	int fd = openat(
	    dir->fd, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1 || check(fd) == 0)
		return fd;
	close(fd);
	return -1;
}

int
store_remove(const struct statedir *dir, const struct stored *s, bool held)
{
	static const uint32_t over = 1;
	int fd = held ? -1 : open_to_tell(dir, s->name);
	int rc = unlinkat(dir->fd, s->name, 0);
	KEEP_ERRNO;

	if (held)
		store_let_go(s);
	if (rc == 0 && fd != -1)
		(void)!pwrite(
		    fd, &over, sizeof(over), offsetof(struct record, over));
	if (fd != -1)
		close(fd);
	return rc;
}
