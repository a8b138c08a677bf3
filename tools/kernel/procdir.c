/* SPDX-License-Identifier: ISC */
/* readdir(3) for names that are numbers. */
#include "kernel/procdir.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

struct numbers {
	int *list;
	size_t n, room;
};

/* The number that text is, in decimal and nothing else; -1 otherwise. */
static int
number(const char *text)
{
	char *end;
	long n;

	if (!isdigit((unsigned char)text[0]))
		return -1;
	n = strtol(text, &end, 10);
	return *end != '\0' || n > INT_MAX ? -1 : (int)n;
}

static int
add(struct numbers *all, int number)
{
	size_t room = all->n < all->room ? all->room : all->room * 2 + 64;
	int *list = all->list;

	if (room != all->room)
		list = reallocarray(list, room, sizeof(*list));
	if (list == NULL)
		return -1;
	all->list = list;
	all->room = room;
	all->list[all->n++] = number;
	return 0;
}

static int
fill(struct numbers *all, DIR *dir)
{
	struct dirent *entry;
	int n;

	while (errno = 0, (entry = readdir(dir)) != NULL) {
		n = number(entry->d_name);
		if (n >= 0 && add(all, n) < 0)
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

void
procdir_close(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

int
procdir_gone(void)
{
	if (errno == ENOENT && access("/proc/self/stat", F_OK) == 0)
		errno = ESRCH;
	return -1;
}
