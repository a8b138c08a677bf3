/* SPDX-License-Identifier: ISC */
/* What one file of /proc says.  See procshared.c for what takes several. */
#include "kernel/procfs.h"
#include "base/fail.h"
#include "kernel/procdir.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE   64
#define STAT_SIZE   1024
#define STATUS_SIZE 16384 /* "Groups:" may be long */

static ssize_t
read_whole(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = procdir_read(fd, text + len, size - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0 && len < size - 1);
	text[len] = '\0';
	return n < 0 ? -1 : (ssize_t)len;
}

ssize_t
procfs_read(char *text, size_t size, const char *format, ...)
{
	char path[PATH_SIZE];
	ssize_t n;
	va_list ap;
	int fd;

	text[0] = '\0';
	va_start(ap, format);
	(void)vsnprintf(path, sizeof(path), format, ap); /* short: all fit */
	va_end(ap);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read_whole(fd, text, size);
	(void)close_quietly(fd);
	return n;
}

int
procfs_stat(pid_t pid, struct procfs_stat *stat)
{
	char text[STAT_SIZE];

	if (procfs_read(text, sizeof(text), "/proc/%d/stat", pid) < 0)
		return fail(procdir_errno());
	return procfs_parse_stat(text, stat);
}

int
procfs_status(pid_t pid, struct procfs_status *status)
{
	char text[STATUS_SIZE];

	if (procfs_read(text, sizeof(text), "/proc/%d/status", pid) < 0)
		return fail(procdir_errno());
	return procfs_parse_status(text, status);
}

bool
procfs_dead(const struct procfs_stat *stat)
{
	return (stat->state == 'Z' || stat->state == 'X') && stat->threads <= 1;
}

bool
procfs_dying(const struct procfs_stat *stat)
{
	return (stat->exiting && stat->threads <= 1) || procfs_dead(stat);
}

bool
procfs_alive(pid_t pid, uint64_t start)
{
	struct procfs_stat stat;

	return procfs_stat(pid, &stat) == 0 && stat.start == start &&
	       !procfs_dead(&stat);
}

/*
 * NSpid in proc_pid_status(5): our pid in the namespace of this /proc, and in
 * each one below, down to our own.
 */
int
procfs_check(void)
{
	char text[16384], *line, last; /* many groups come before */
	int pid;

	if (procfs_read(text, sizeof(text), "/proc/self/status") < 0)
		return fail(procfs_starved(errno) ? errno : ENXIO);
	line = strstr(text, "\nNSpid:");
	if (line == NULL || sscanf(line, " NSpid: %d%c", &pid, &last) != 2 ||
	    pid != getpid() || last != '\n')
		return fail(ENXIO);
	return 0;
}

ssize_t
procfs_pids(pid_t **pids)
{
	*pids = NULL;
	if (procfs_check() < 0)
		return -1;
	return procdir_numbers("/proc", pids);
}

pid_t
procfs_last_pid(void)
{
	char text[128];
	const char *last;

	if (procfs_read(text, sizeof(text), "/proc/loadavg") < 0)
		return 0;
	last = strrchr(text, ' ');
	return last != NULL ? (pid_t)strtol(last, NULL, 10) : 0;
}

ssize_t
procfs_threads(pid_t pid, pid_t **tids)
{
	char path[PATH_SIZE];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", pid);
	n = procdir_numbers(path, tids);
	return n < 0 ? fail(procdir_errno()) : n;
}

ssize_t
procfs_list(struct procfs_stat **out)
{
	pid_t *pids;
	ssize_t n = procfs_pids(&pids), found = 0;
	struct procfs_stat *list;

	if (n < 0)
		return -1;
	list = calloc((size_t)n + 1, sizeof(*list));
	for (ssize_t i = 0; i < n && list != NULL; i++) {
		if (procfs_stat(pids[i], &list[found]) == 0) {
			found++;
		} else if (procfs_starved(errno)) {
			free(list);
			list = NULL;
		}
	}
	free(pids); /* keeps errno since glibc 2.33 */
	*out = list;
	return list == NULL ? -1 : found;
}

bool
procfs_starved(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM;
}

/* The last mount on /proc is the one that shows. */
static bool
mounted_hiding(void)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t room = 0;
	int rc, hides = 1;

	if (mounts == NULL)
		return true;
	while (getline(&line, &room, mounts) > 0) {
		rc = procfs_parse_mount(line);
		if (rc >= 0)
			hides = rc;
	}
	free(line);
	fclose(mounts);
	return hides;
}

/* /proc/self is our pid in the namespace of that mount. */
bool
procfs_hidden(void)
{
	return procfs_check() < 0 || (geteuid() != 0 && mounted_hiding());
}

int
procfs_pidfd(pid_t pid, uint64_t start)
{
	struct procfs_stat stat;
	int fd, error;

	fd = procfs_check() == 0 ? pidfd_open(pid, 0) : -1;
	if (fd < 0)
		return -1;
	error = procfs_stat(pid, &stat) < 0 ? errno
		: stat.start == start       ? 0
					    : ESRCH;
	if (error == 0)
		return fd;
	close(fd);
	return fail(error);
}

int
procfs_boot_id(char id[static PROCFS_BOOT_ID])
{
	ssize_t n =
	    procfs_read(id, PROCFS_BOOT_ID, "/proc/sys/kernel/random/boot_id");

	if (n < 0)
		return -1;
	return n == PROCFS_BOOT_ID - 1 ? 0 : fail(EBADMSG);
}

static int
namespace_at(const char *process, const char *kind, uint64_t *inode)
{
	char path[PATH_SIZE];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/%s/ns/%s", process, kind);
	if (stat(path, &st) < 0)
		return -1;
	*inode = st.st_ino;
	return 0;
}

int
procfs_namespace(const char *kind, uint64_t *inode)
{
	return namespace_at("self", kind, inode);
}

int
procfs_namespace_of(pid_t pid, const char *kind, uint64_t *inode)
{
	char process[16];

	(void)snprintf(process, sizeof(process), "%d", pid);
	return namespace_at(process, kind, inode);
}
