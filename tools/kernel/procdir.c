/* SPDX-License-Identifier: ISC */
/* readdir(3) for names that are numbers. */
#include "kernel/procdir.h"
#include "base/grow.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

struct numbers {
	int *list;
	size_t n;
};

static int
add(struct numbers *all, int number)
{
	int *list;

	list = grow(all->list, all->n, sizeof(*list));
	if (list == NULL)
		return -1;
	all->list = list;
	all->list[all->n++] = number;
	return 0;
}

static int
fill(struct numbers *all, DIR *dir)
{
	struct dirent *entry;
	const char *error;
	int n;

	while (errno = 0, (entry = readdir(dir)) != NULL) {
		n = (int)strtonum(entry->d_name, 0, INT_MAX, &error);
		if (error == NULL && add(all, n) < 0)
			return -1;
	}
	return errno == 0 ? 0 : -1;
}

ssize_t
procdir_numbers(const char *path, int **numbers)
{
	DIR *dir = opendir(path); /* sets O_CLOEXEC itself */
	struct numbers all = { 0 };
	int rc, saved;

	*numbers = NULL;
	if (dir == NULL)
		return -1;
	rc = fill(&all, dir);
	saved = errno;
	closedir(dir);
	if (rc < 0)
		free(all.list);
	else
		*numbers = all.list;
	errno = saved;
	return rc < 0 ? -1 : (ssize_t)all.n;
}

ssize_t
procdir_read(int fd, void *buf, size_t size)
{
	ssize_t n;

	do
		n = read(fd, buf, size);
	while (n < 0 && errno == EINTR);
	return n;
}

int
procdir_errno(void)
{
	int error = errno;

	if (error == ENOENT && access("/proc/self/stat", F_OK) == 0)
		return ESRCH;
	return error;
}
