/* SPDX-License-Identifier: ISC */
/* One question for the kernel, and one for each line of /proc/PID/maps. */
#include "kernel/recmaps.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

/* The kernel's signal for a process that wants the file, if one came. */
static void
drop_signal(const sigset_t *sigio)
{
	static const struct timespec now;

	(void)sigtimedwait(sigio, NULL, &now);
}

/*
 * A program that opens the record while we have the lease breaks it with
 * SIGIO, which kills by default; it tries again, and we let go at once.
 */
enum writers
recmaps_writers(int fd)
{
	enum writers writers = WRITERS_NONE;
	sigset_t sigio, before;

	sigemptyset(&sigio);
	sigaddset(&sigio, SIGIO);
	(void)sigprocmask(SIG_BLOCK, &sigio, &before);
	if (fcntl(fd, F_SETLEASE, F_RDLCK) == -1)
		writers = errno == EAGAIN ? WRITERS_SOME : WRITERS_UNSEEN;
	else
		(void)fcntl(fd, F_SETLEASE, F_UNLCK);
	drop_signal(&sigio);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return writers;
}

/* proc_pid_maps(5): "START-END PERMS OFFSET MAJOR:MINOR INODE PATH". */
static bool
maps_for_writing(const char *line, const struct stat *file)
{
	unsigned int major, minor;
	uint64_t inode;
	char perms[5];

	return sscanf(line, "%*x-%*x %4s %*x %x:%x %" SCNu64, perms, &major,
		   &minor, &inode) == 4 &&
	       perms[1] == 'w' && perms[3] == 's' && inode == file->st_ino &&
	       makedev(major, minor) == file->st_dev;
}

int
recmaps_has(pid_t pid, int fd)
{
	char path[32], line[4352]; /* a line has a path of at most 4096 */
	struct stat file;
	bool found = false;
	int error;
	FILE *maps;

	(void)snprintf(path, sizeof(path), "/proc/%d/maps", pid); /* fits */
	if (fstat(fd, &file) == -1 || (maps = fopen(path, "re")) == NULL)
		return errno == ENOENT || errno == ESRCH ? 0 : -1;
	errno = 0;
	while (!found && fgets(line, sizeof(line), maps) != NULL)
		found = maps_for_writing(line, &file);
	error = errno;
	(void)fclose(maps);
	errno = error;
	return found || error == 0 || error == ESRCH ? found : -1;
}

bool
recmaps_tool(pid_t pid)
{
	struct stat ours, its;
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", pid); /* fits */
	return stat("/proc/self/exe", &ours) == 0 && stat(path, &its) == 0 &&
	       ours.st_dev == its.st_dev && ours.st_ino == its.st_ino;
}
