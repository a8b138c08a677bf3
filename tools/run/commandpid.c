/* SPDX-License-Identifier: ISC */
#include "run/commandpid.h"
#include "base/fail.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int
commandpid_write(const char *path, pid_t pid)
{
	char temp[PATH_MAX];
	bool written;
	int fd;

	if (snprintf(temp, sizeof(temp), "%s.XXXXXX", path) >=
	    (int)sizeof(temp))
		return fail(ENAMETOOLONG);
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd == -1)
		return -1;
	(void)fchmod(fd, 0644);
	written = dprintf(fd, "%d\n", pid) > 0;
	close(fd);
	if (written && rename(temp, path) == 0)
		return 0;
	(void)unlink(temp);
	return -1;
}

void
commandpid_remove(const char *path, pid_t pid)
{
	FILE *f = fopen(path, "re");
	int its = 0;

	if (f == NULL)
		return;
	if (fscanf(f, "%d", &its) == 1 && its == pid)
		(void)unlink(path);
	(void)fclose(f);
}
