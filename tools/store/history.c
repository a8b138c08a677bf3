/* SPDX-License-Identifier: ISC */
/*
 * One 64-bit word a slice: milliseconds of CLOCK_BOOTTIME, shifted by one,
 * and a bit for CLEAN.  0 was never used.  Words are stored atomically.
 */
#include "store/history.h"
#include "kernel/addrlock.h"
#include "kernel/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PREFIX "history-"

/* Milliseconds before a clean slice is used again, for stale clients. */
enum { REST = 2000 };

/* Seconds that a history of another network namespace is kept. */
enum { KEPT = 3600 };

struct history {
	char boot[64]; /* the boot that the words belong to */
	_Atomic uint64_t words[POOL_SLICES];
};

static int
is_history(const struct dirent *entry)
{
	return strncmp(entry->d_name, PREFIX, sizeof(PREFIX) - 1) == 0;
}

static bool
ours(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       st.st_uid == geteuid();
}

static int
expire_one(const struct statedir *dir, const char *name, void *arg)
{
	struct stat st;

	(void)arg;
	if (fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    time(NULL) - st.st_mtime > KEPT)
		(void)unlinkat(dir->fd, name, 0);
	return 0;
}

/*
 * No event tells of the end of a network namespace, so the start of one
 * history removes old ones.  One that is in use loses its order, no more.
 */
static int
open_file(const struct statedir *dir, const char *name)
{
	int fd = openat(dir->fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	if (fd != -1 || errno != ENOENT)
		return fd;
	(void)statedir_scan(dir, is_history, expire_one, NULL);
	return openat(
	    dir->fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

struct history *
history_open(const struct statedir *dir, uint64_t netns)
{
	char name[48], boot[PROCFS_BOOT_ID];
	struct history *h = MAP_FAILED;
	int fd;

	(void)snprintf(name, sizeof(name), PREFIX "%" PRIu64, netns);
	if (procfs_boot_id(boot) == -1)
		return NULL;
	fd = open_file(dir, name);
	if (fd == -1)
		return NULL;
	if (ours(fd) && posix_fallocate(fd, 0, sizeof(*h)) == 0)
		h = mmap(NULL, sizeof(*h), PROT_READ | PROT_WRITE, MAP_SHARED,
		    fd, 0);
	close(fd);
	if (h == MAP_FAILED)
		return NULL;
	if (strncmp(h->boot, boot, sizeof(h->boot)) != 0) {
		memset(h, 0, sizeof(*h));
		(void)strlcpy(h->boot, boot, sizeof(h->boot));
	}
	return h;
}

void
history_close(struct history *h)
{
	if (h != NULL)
		(void)munmap(h, sizeof(*h));
}

/* Milliseconds of CLOCK_BOOTTIME. */
static uint64_t
boottime(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void
history_note(struct history *h, size_t slice, bool clean)
{
	if (h != NULL)
		atomic_store(&h->words[slice], boottime() << 1 | clean);
}

size_t
history_oldest(const struct history *h, const unsigned char *tried, size_t from)
{
	size_t best = POOL_SLICES;
	uint64_t oldest = UINT64_MAX, now = boottime(), word;

	for (size_t i = 0; i < POOL_SLICES; i++) {
		size_t slice = (from + i) % POOL_SLICES;

		if (tried[slice])
			continue;
		word = h != NULL ? atomic_load(&h->words[slice]) : 0;
		if ((word & 1) != 0 && (word >> 1) + REST <= now)
			return slice;
		if (word >> 1 < oldest) {
			oldest = word >> 1;
			best = slice;
		}
	}
	return best;
}
