/* SPDX-License-Identifier: ISC */
/* Candidates in order of preference, each checked after it was opened. */
#include "store/statedir.h"
#include "base/parse.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CANDIDATES = 4 };

static bool
fits(size_t size, int n)
{
	return n > 0 && (size_t)n < size;
}

/* The path of candidate n, or false when it does not apply. */
static bool
candidate(int n, char *path, size_t size)
{
	const char *own = getenv("PORTLEASE_DIR");
	const char *run = getenv("XDG_RUNTIME_DIR");
	unsigned int uid = geteuid();

	if (own != NULL && *own != '\0')
		return n == 0 && fits(size, snprintf(path, size, "%s", own));
	if (n == 1 && run != NULL && *run == '/')
		return fits(size, snprintf(path, size, "%s/portlease", run));
	if (n == 2)
		return fits(
		    size, snprintf(path, size, "/dev/shm/portlease-%u", uid));
	if (n == 3)
		return fits(
		    size, snprintf(path, size, "/tmp/portlease-%u", uid));
	return false;
}

static int
usable(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -1;
	if (st.st_uid != geteuid() || st.st_mode & 077) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

/* Make path absolute: the record's path travels to other directories. */
static int
absolute(struct statedir *dir)
{
	char real[PATH_MAX];

	if (dir->path[0] == '/')
		return 0;
	if (realpath(dir->path, real) == NULL)
		return -1;
	if (!fits(sizeof(dir->path),
		snprintf(dir->path, sizeof(dir->path), "%s", real))) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

static int
try(struct statedir *dir)
{
	int keep;

	dir->fd =
	    open(dir->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir->fd == -1)
		return -1;
	if (usable(dir->fd) == 0 && absolute(dir) == 0)
		return 0;
	keep = errno;
	close(dir->fd);
	errno = keep;
	return -1;
}

int
statedir_open(struct statedir *dir)
{
	int error = ENOENT, rc;
	mode_t before;

	for (int i = 0; i < CANDIDATES; i++) {
		if (!candidate(i, dir->path, sizeof(dir->path)))
			continue;
		/* Closed to others and open to us, whatever the umask. */
		before = umask(0077);
		rc = mkdir(dir->path, 0700);
		(void)umask(before);
		if (rc == -1 && errno != EEXIST) {
			error = errno;
			continue;
		}
		if (try(dir) == 0 &&
		    faccessat(dir->fd, ".", W_OK, AT_EACCESS) == 0)
			return 0;
		error = errno;
	}
	errno = error;
	return -1;
}

int
statedir_each(int (*each)(const struct statedir *, void *), void *arg)
{
	struct statedir dir;
	int rc = 0;

	for (int i = 0; i < CANDIDATES && rc == 0; i++) {
		if (!candidate(i, dir.path, sizeof(dir.path)) ||
		    try(&dir) == -1)
			continue;
		rc = each(&dir, arg);
		close(dir.fd);
	}
	return rc;
}

int
statedir_scan(const struct statedir *dir, int (*filter)(const struct dirent *),
    int (*each)(const struct statedir *, const char *name, void *), void *arg)
{
	struct dirent **list;
	int n = scandirat(dir->fd, ".", &list, filter, versionsort), rc = 0;

	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = each(dir, list[i]->d_name, arg);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return rc;
}

void
statedir_name(uint32_t ip, uint64_t netns, char name[static 48])
{
	char text[16];

	text_address(ip, text);
	(void)snprintf(name, 48, "%s-%" PRIu64, text, netns); /* at most 36 */
}

bool
statedir_parse(const char *name, uint32_t *ip, uint64_t *netns)
{
	char text[INET_ADDRSTRLEN], again[48];
	size_t len = strcspn(name, "-");

	if (len >= sizeof(text) || name[len] != '-')
		return false;
	(void)strlcpy(text, name, len + 1);
	*ip = parse_address(text);
	*netns = strtoull(name + len + 1, NULL, 10);
	statedir_name(*ip, *netns, again);
	return *ip != 0 && strcmp(again, name) == 0;
}
