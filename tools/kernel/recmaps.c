/* SPDX-License-Identifier: ISC */
/* One question for the kernel, and one for each line of /proc/PID/maps. */
#include "kernel/recmaps.h"
#include "base/fail.h"
#include "kernel/procfs.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
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

bool
recmaps_counted(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type != OVERLAYFS_SUPER_MAGIC &&
	       recmaps_writers(fd) == WRITERS_SOME;
}

/* One line of proc_pid_maps(5): START-END PERMS OFFSET MAJOR:MINOR INODE. */
struct mapping {
	uintptr_t start;
	uintptr_t end;
	char perms[5];
	struct recmaps_file file;
};

static bool
parse(const char *line, struct mapping *m)
{
	return sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*x %x:%x %" SCNu64,
		   &m->start, &m->end, m->perms, &m->file.major, &m->file.minor,
		   &m->file.inode) == 6;
}

/*
 * 1 with the mapping, 0; -1 with errno: ENODATA when it has none at all, as a
 * dead thread or a kernel thread.
 */
static int
search(const char *path,
    bool (*is)(const char *line, const void *arg, struct mapping *m),
    const void *arg, struct mapping *m)
{
	char line[4352]; /* a line has a path of at most 4096 */
	FILE *maps = fopen(path, "re");
	bool found = false, any = false;
	int error;

	if (maps == NULL)
		return -1;
	errno = 0;
	while (!found && fgets(line, sizeof(line), maps) != NULL) {
		any = true;
		found = is(line, arg, m);
	}
	error = errno;
	(void)fclose(maps);
	if (found || (any && error == 0))
		return found;
	return fail(error != 0 ? error : ENODATA);
}

static bool
is_at(const char *line, const void *arg, struct mapping *m)
{
	return parse(line, m) && (uintptr_t)arg >= m->start &&
	       (uintptr_t)arg < m->end;
}

int
recmaps_file(const void *at, struct recmaps_file *file)
{
	struct mapping m;
	int rc = search("/proc/self/maps", is_at, at, &m);

	if (rc == 1)
		*file = m.file;
	return rc == 1 ? 0 : rc == -1 ? -1 : fail(ENOENT);
}

static bool
writes(const char *line, const void *arg, struct mapping *m)
{
	const struct recmaps_file *file = arg;
	const char *perms = strchr(line, ' ');

	/* Most are private: those are not parsed. */
	return perms != NULL && perms[1] != '\0' && perms[2] == 'w' &&
	       perms[3] != '\0' && perms[4] == 's' && parse(line, m) &&
	       m->file.inode == file->inode && m->file.major == file->major &&
	       m->file.minor == file->minor;
}

/* A dead leader shows no mappings, while the other threads have them still. */
static int
ask_threads(pid_t pid, const struct recmaps_file *file)
{
	char path[64];
	struct mapping m;
	pid_t *tids;
	ssize_t n = procfs_threads(pid, &tids);
	int rc = n == -1 ? -1 : 0;

	for (ssize_t i = 0; i < n && rc != 1; i++) {
		(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/maps", pid,
		    tids[i]); /* fits */
		if (tids[i] != pid)
			rc = search(path, writes, file, &m);
	}
	free(tids);
	return rc;
}

static bool
gone(int error)
{
	return error == ENOENT || error == ESRCH || error == ENODATA;
}

int
recmaps_has(pid_t pid, const struct recmaps_file *file)
{
	char path[32];
	struct mapping m;
	int rc;

	(void)snprintf(path, sizeof(path), "/proc/%d/maps", pid); /* fits */
	rc = search(path, writes, file, &m);
	if (rc == -1 && errno == ENODATA)
		rc = ask_threads(pid, file);
	return rc == -1 && gone(errno) ? 0 : rc;
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
