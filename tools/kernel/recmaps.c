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
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/*
 * A program that opens the record while we have the lease breaks it with a
 * signal: one that is ignored by default, and not SIGIO, which kills.
 */
enum writers
recmaps_hold(int fd)
{
	(void)fcntl(fd, F_SETSIG, SIGURG);
	if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0)
		return WRITERS_NONE;
	return errno == EAGAIN ? WRITERS_SOME : WRITERS_UNSEEN;
}

void
recmaps_let_go(int fd)
{
	(void)fcntl(fd, F_SETLEASE, F_UNLCK);
}

enum writers
recmaps_writers(int fd)
{
	enum writers writers = recmaps_hold(fd);

	if (writers == WRITERS_NONE)
		recmaps_let_go(fd);
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

/* A mapping of its own: of another one a page may be patched, sigbus.h. */
int
recmaps_file(int fd, struct recmaps_file *file)
{
	void *at = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
	struct mapping m;
	int rc;

	if (at == MAP_FAILED)
		return -1;
	rc = search("/proc/self/maps", is_at, at, &m);
	if (rc == 1)
		*file = m.file;
	(void)munmap(at, 1);
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
