/* SPDX-License-Identifier: ISC */
/*
 * What the threads of a process share: arguments, environment, descriptors.
 *
 * A group leader may be dead while its other threads live on.  Its own fd,
 * environ and cmdline then read empty, or fail with ESRCH (newer kernels), so
 * those are read from a thread that is alive: the leader, then each of
 * task/TID.
 */
#include "base/fail.h"
#include "kernel/procdir.h"
#include "kernel/procfs.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE    64
#define CMDLINE_SIZE 4096
#define CHUNK_SIZE   4096

/* What one thread of a process had to say; -1 is an error. */
enum answer { NOTHING, YES, NO };

/* Asks one directory (/proc/PID or /proc/PID/task/TID); an enum answer. */
struct question {
	int (*ask)(const char *dir, void *arg);
	void *arg;
	int denied; /* errno, when a living thread could not be asked */
};

/*
 * A thread, or what it should show, that ended meanwhile is no error.  Nor is
 * a zombie that may not be looked at: newer kernels refuse it even to its
 * owner, but it holds nothing.  A thread that is about to die is refused as
 * well, while another one of the process may not be.
 */
static int
ask(const char *dir, struct question *question)
{
	int rc = question->ask(dir, question->arg), error = errno;
	char stat[1024];

	if (rc >= 0)
		return rc;
	if (error == ENOENT || error == ESRCH)
		return NOTHING;
	if (error != EACCES && error != EPERM)
		return fail(error);
	if (procfs_read(stat, sizeof(stat), "%s/stat", dir) >= 0 &&
	    strchr("ZX", procfs_parse_state(stat)) == NULL)
		question->denied = error;
	return NOTHING;
}

static int
ask_threads(pid_t pid, struct question *question)
{
	char path[PATH_SIZE];
	pid_t *tids;
	ssize_t n = procfs_threads(pid, &tids);
	int rc = n < 0 ? -1 : NOTHING;

	for (ssize_t i = 0; i < n && rc == NOTHING; i++) {
		if (tids[i] == pid)
			continue;
		(void)snprintf(
		    path, sizeof(path), "/proc/%d/task/%d", pid, tids[i]);
		rc = ask(path, question);
	}
	free(tids);
	return rc;
}

/* The first answer that is not NOTHING, of the leader or another thread. */
static int
ask_process(pid_t pid, int (*each)(const char *dir, void *arg), void *arg)
{
	struct question question = { each, arg, 0 };
	char path[PATH_SIZE];
	int rc;

	(void)snprintf(path, sizeof(path), "/proc/%d", pid);
	rc = ask(path, &question);
	if (rc != NOTHING)
		return rc;
	rc = ask_threads(pid, &question);
	if (rc != NOTHING || question.denied == 0)
		return rc < 0 ? fail(procdir_errno()) : rc;
	return fail(question.denied);
}

struct arguments {
	char text[CMDLINE_SIZE];
	size_t len;
};

static int
read_arguments(const char *dir, void *arg)
{
	struct arguments *args = arg;
	ssize_t n;

	n = procfs_read(args->text, sizeof(args->text), "%s/cmdline", dir);
	if (n < 0)
		return -1;
	args->len = (size_t)n;
	return n == 0 ? NOTHING : YES;
}

int
procfs_cmdline(pid_t pid, char *line, size_t size)
{
	struct arguments args = { .len = 0 };
	struct procfs_stat stat;
	bool whole;

	if (size < sizeof("..."))
		return fail(ENOSPC);
	if (ask_process(pid, read_arguments, &args) < 0)
		return -1;
	whole = args.len < sizeof(args.text) - 1;
	if (procfs_join_arguments(args.text, args.len) == 0) {
		if (procfs_stat(pid, &stat) < 0)
			return -1;
		(void)snprintf(/* 64 + 2 characters fit */
		    args.text, sizeof(args.text), "[%s]", stat.comm);
	}
	procfs_cut_line(line, size, args.text, whole);
	return 0;
}

/* An environment may be megabytes long: it is searched in pieces. */
static int
search_fd(int fd, struct environ_search *s)
{
	char buf[CHUNK_SIZE];
	bool any = false, found = false;
	ssize_t n;

	s->at = 0;
	s->other = false;
	while (!found && (n = procdir_read(fd, buf, sizeof(buf))) > 0) {
		any = true;
		for (ssize_t i = 0; i < n && !found; i++)
			found = procfs_search_environ(s, buf[i]);
	}
	if (!found && n < 0)
		return -1;
	if (found || (any && procfs_search_environ(s, '\0')))
		return YES;
	return any ? NO : NOTHING;
}

static int
search_environ(const char *dir, void *arg)
{
	char path[PATH_SIZE];
	int fd, rc;

	(void)snprintf(path, sizeof(path), "%s/environ", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	rc = search_fd(fd, arg);
	(void)close_quietly(fd);
	return rc;
}

int
procfs_environ_has(pid_t pid, const char *name, const char *value)
{
	struct environ_search s = { .name = name,
		.value = value,
		.name_len = strlen(name),
		.len = strlen(name) + strlen(value) };
	int rc = ask_process(pid, search_environ, &s);

	return rc < 0 ? -1 : rc == YES;
}

struct inodes {
	uint32_t *list;
	size_t n;
};

/* 1 with the inode when the descriptor is a socket, 0 when not; -1. */
static int
socket_inode(const char *dir, int fd, uint32_t *inode)
{
	char path[PATH_SIZE], target[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/fd/%d", dir, fd);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0) /* closed meanwhile, or not for us */
		return errno == ENOENT || errno == ESRCH ? 0 : -1;
	target[n] = '\0';
	return sscanf(target, "socket:[%" SCNu32 "]", inode) == 1;
}

/* A look that ends in an error leaves no inodes. */
static int
list_inodes(const char *dir, void *arg)
{
	struct inodes *inodes = arg;
	char path[PATH_SIZE];
	int *fds, rc = 0;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/fd", dir);
	n = procdir_numbers(path, &fds);
	if (n <= 0)
		return n < 0 ? -1 : NOTHING;
	free(inodes->list);
	inodes->n = 0;
	inodes->list = calloc((size_t)n, sizeof(*inodes->list));
	if (inodes->list == NULL)
		rc = -1;
	for (ssize_t i = 0; i < n && rc >= 0; i++) {
		rc = socket_inode(dir, fds[i], &inodes->list[inodes->n]);
		inodes->n += rc == 1;
	}
	free(fds);
	if (rc < 0)
		inodes->n = 0;
	return rc < 0 ? -1 : YES;
}

ssize_t
procfs_sockets(pid_t pid, uint32_t **list)
{
	struct inodes inodes = { 0 };
	int rc = ask_process(pid, list_inodes, &inodes);

	if (rc < 0) {
		free(inodes.list);
		inodes = (struct inodes){ 0 };
	}
	*list = inodes.list;
	return rc < 0 ? -1 : (ssize_t)inodes.n;
}
