/* SPDX-License-Identifier: ISC */
#include "run/inherited.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Locks of fcntl(2) go with any close of the file; flock(2) and OFD do not. */
static bool
is_locked(int fd)
{
	char path[40], text[1024];
	ssize_t n;
	int info;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info == -1)
		return false;
	n = read(info, text, sizeof(text) - 1);
	close(info);
	text[n > 0 ? n : 0] = '\0';
	return strstr(text, ": POSIX ") != NULL;
}

static void
drop(int fd, int null)
{
	if (fd > STDOUT_FILENO)
		close(fd);
	else
		(void)dup2(null, fd);
}

void
inherited_close(int keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *d;
	int fd;

	while (dir != NULL && (d = readdir(dir)) != NULL) {
		fd = (int)strtol(d->d_name, NULL, 10);
		if (d->d_name[0] != '.' && fd != STDERR_FILENO && fd != keep &&
		    fd != null && fd != dirfd(dir) && !is_locked(fd))
			drop(fd, null);
	}
	if (dir != NULL)
		(void)closedir(dir);
	if (null > STDERR_FILENO)
		close(null);
}
