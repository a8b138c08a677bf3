/* SPDX-License-Identifier: ISC */
/*
 * Reads /proc, as proc(5) describes it.  The text is the kernel's, but the
 * names and arguments in it are any program's: parsed with suspicion, and made
 * printable.
 *
 * A group leader may be dead while its other threads live on.  Its own fd,
 * environ and cmdline then read empty, or fail with ESRCH (newer kernels), so
 * those are read from whoever is alive: the leader, then each of task/TID.
 */
#include "kernel/procfs.h"
#include "base/printable.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE    64
#define STAT_SIZE    1024
#define STATUS_SIZE  16384 /* "Groups:" may be long */
#define CMDLINE_SIZE 4096
#define CHUNK_SIZE   4096

/* What one thread of a process had to say; -1 is an error. */
enum answer { NOTHING, YES, NO, STOPPED };

/* Asks one directory (/proc/PID or /proc/PID/task/TID); an enum answer. */
struct question {
	pid_t pid;
	int (*ask)(const char *dir, void *arg);
	void *arg;
	int denied; /* errno, when somebody alive could not be asked */
};

static int
fail(int error)
{
	errno = error;
	return -1;
}

/* ENOENT says that a process is gone only where there is a /proc at all. */
static int
gone(void)
{
	if (errno == ENOENT && access("/proc/self/stat", F_OK) == 0)
		errno = ESRCH;
	return -1;
}

static ssize_t
read_some(int fd, char *buf, size_t size)
{
	ssize_t n;

	do
		n = read(fd, buf, size);
	while (n < 0 && errno == EINTR);
	return n;
}

static int
open_in(const char *dir, const char *name)
{
	char path[PATH_SIZE];

	/* Our own short paths: they always fit. */
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Reads at most size - 1 bytes and ends them with a NUL. */
static ssize_t
slurp(const char *dir, const char *name, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;
	int fd, saved;

	fd = open_in(dir, name);
	if (fd < 0)
		return -1;
	do {
		n = read_some(fd, buf + len, size - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0 && len < size - 1);
	saved = errno;
	close(fd);
	errno = saved;
	buf[len] = '\0';
	return n < 0 ? -1 : (ssize_t)len;
}

static ssize_t
slurp_of(pid_t pid, const char *name, char *buf, size_t size)
{
	char dir[PATH_SIZE];
	ssize_t n;

	(void)snprintf(dir, sizeof(dir), "/proc/%d", pid);
	n = slurp(dir, name, buf, size);
	return n < 0 ? gone() : n;
}

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

/* Calls each(n, arg) for every numbered entry, until one is not 0. */
static int
numbers_in(DIR *dir, int (*each)(int n, void *arg), void *arg)
{
	struct dirent *entry;
	int n, rc;

	while (errno = 0, (entry = readdir(dir)) != NULL) {
		n = number(entry->d_name);
		rc = n < 0 ? 0 : each(n, arg);
		if (rc != 0)
			return rc;
	}
	return errno == 0 ? 0 : -1;
}

static int
each_number(const char *path, int (*each)(int n, void *arg), void *arg)
{
	DIR *dir = opendir(path); /* sets O_CLOEXEC itself */
	int rc, saved;

	if (dir == NULL)
		return -1;
	rc = numbers_in(dir, each, arg);
	saved = errno;
	closedir(dir);
	errno = saved;
	return rc;
}

static bool
dead(const char *dir)
{
	struct procfs_stat stat;
	char text[STAT_SIZE];

	return slurp(dir, "stat", text, sizeof(text)) < 0 ||
	       procfs_parse_stat(text, &stat) < 0 || strchr("ZX", stat.state);
}

/*
 * A thread, or what it should show, that ended meanwhile is no error.  Nor is
 * a zombie that may not be looked at: newer kernels refuse it even to its
 * owner, but it holds nothing.  Who else is refused may have a sibling that is
 * not, since a thread that is about to die is refused as well.
 */
static int
ask(const char *dir, struct question *question)
{
	int rc = question->ask(dir, question->arg), error = errno;

	if (rc >= 0)
		return rc;
	if (error == ENOENT || error == ESRCH)
		return NOTHING;
	if (error != EACCES && error != EPERM)
		return -1;
	if (!dead(dir))
		question->denied = error;
	return NOTHING;
}

static int
ask_thread(int tid, void *arg)
{
	struct question *question = arg;
	char dir[PATH_SIZE];

	if (tid == question->pid)
		return NOTHING;
	(void)snprintf(
	    dir, sizeof(dir), "/proc/%d/task/%d", question->pid, tid);
	return ask(dir, question);
}

/* The first answer that is not NOTHING, of the leader or another thread. */
static int
ask_process(pid_t pid, int (*question)(const char *dir, void *arg), void *arg)
{
	struct question asked = { pid, question, arg, 0 };
	char path[PATH_SIZE];
	int rc;

	(void)snprintf(path, sizeof(path), "/proc/%d", pid);
	rc = ask(path, &asked);
	if (rc != NOTHING)
		return rc;
	(void)snprintf(path, sizeof(path), "/proc/%d/task", pid);
	rc = each_number(path, ask_thread, &asked);
	if (rc == NOTHING && asked.denied != 0)
		return fail(asked.denied);
	return rc < 0 ? gone() : rc;
}

/* comm may hold spaces and parentheses; no field after it does. */
int
procfs_parse_stat(const char *text, struct procfs_stat *stat)
{
	const char *left = strchr(text, '(');
	const char *right = strrchr(text, ')');
	size_t len;

	memset(stat, 0, sizeof(*stat));
	if (left == NULL || right == NULL || right < left ||
	    sscanf(text, "%d", &stat->pid) != 1 ||
	    sscanf(right + 1,
		" %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d"
		" %*d %*d %ld %*d %" SCNu64,
		&stat->state, &stat->ppid, &stat->pgrp, &stat->session,
		&stat->threads, &stat->start) != 6)
		return fail(EBADMSG);
	len = (size_t)(right - left - 1);
	if (len >= sizeof(stat->comm))
		len = sizeof(stat->comm) - 1;
	memcpy(stat->comm, left + 1, len);
	printable_line(stat->comm);
	return 0;
}

/* What follows key at the start of a line, or NULL. */
static const char *
value_of(const char *text, const char *key)
{
	size_t len = strlen(key);

	while (strncmp(text, key, len) != 0) {
		text = strchr(text, '\n');
		if (text == NULL)
			return NULL;
		text++;
	}
	return text + len;
}

/* The last of a line of numbers; otherwise when there is none. */
static pid_t
last_number(const char *line, pid_t otherwise)
{
	pid_t n = otherwise;
	int used = 0;

	while (line != NULL && *line != '\n' &&
	       sscanf(line, "%*[ \t]%d%n", &n, &used) == 1)
		line += used;
	return n;
}

/* A kernel without pid namespaces has no NSpid: then the pid is the pid. */
int
procfs_parse_status(const char *text, struct procfs_status *status)
{
	const char *tgid = value_of(text, "Tgid:");
	const char *pid = value_of(text, "Pid:");
	const char *tracer = value_of(text, "TracerPid:");
	const char *uid = value_of(text, "Uid:");

	memset(status, 0, sizeof(*status));
	if (tgid == NULL || pid == NULL || tracer == NULL || uid == NULL ||
	    sscanf(tgid, "%d", &status->tgid) != 1 ||
	    sscanf(pid, "%d", &status->inner) != 1 ||
	    sscanf(tracer, "%d", &status->tracer) != 1 ||
	    sscanf(uid, "%u %u", &status->uid, &status->euid) != 2)
		return fail(EBADMSG);
	status->inner = last_number(value_of(text, "NSpid:"), status->inner);
	return 0;
}

int
procfs_stat(pid_t pid, struct procfs_stat *stat)
{
	char text[STAT_SIZE];

	if (slurp_of(pid, "stat", text, sizeof(text)) < 0)
		return -1;
	return procfs_parse_stat(text, stat);
}

int
procfs_status(pid_t pid, struct procfs_status *status)
{
	char text[STATUS_SIZE];

	if (slurp_of(pid, "status", text, sizeof(text)) < 0)
		return -1;
	return procfs_parse_status(text, status);
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

	n = slurp(dir, "cmdline", args->text, sizeof(args->text));
	if (n < 0)
		return -1;
	args->len = (size_t)n;
	return n == 0 ? NOTHING : YES;
}

/* Joins the arguments; whether they were all there. */
static bool
join(struct arguments *args)
{
	bool whole = args->len < sizeof(args->text) - 1;
	size_t i;

	/* The last one ends with a NUL; setproctitle leaves many. */
	while (args->len > 0 && args->text[args->len - 1] == '\0')
		args->len--;
	for (i = 0; i < args->len; i++)
		if (args->text[i] == '\0')
			args->text[i] = ' ';
	printable_line(args->text);
	return whole;
}

/* Copies text; what does not fit is cut between characters, and said so. */
static void
copy(char *line, size_t size, const char *text, bool whole)
{
	size_t len = strlen(text);

	if (whole && len < size) {
		(void)strlcpy(line, text, size);
		return;
	}
	if (len > size - sizeof("..."))
		len = size - sizeof("...");
	while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	(void)strlcpy(line, text, len + 1);
	(void)strlcpy(line + len, "...", size - len);
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
	whole = join(&args);
	if (args.len == 0) {
		if (procfs_stat(pid, &stat) < 0)
			return -1;
		(void)snprintf(/* 64 + 2 characters fit */
		    args.text, sizeof(args.text), "[%s]", stat.comm);
	}
	copy(line, size, args.text, whole);
	return 0;
}

/* A search through NUL-separated entries that come in pieces. */
struct search {
	const char *name;
	const char *value;
	size_t name_len;
	size_t len; /* of name and value */
	size_t at; /* how much of the entry has matched */
	bool off; /* the entry is another one */
};

static char
wanted(const struct search *s)
{
	return s->at < s->name_len ? s->name[s->at]
				   : s->value[s->at - s->name_len];
}

/* Whether c completes the entry that is searched. */
static bool
feed(struct search *s, char c)
{
	bool found = c == '\0' && !s->off && s->at == s->len;

	if (c == '\0') {
		s->at = 0;
		s->off = false;
	} else if (!s->off && s->at < s->len && c == wanted(s)) {
		s->at++;
	} else {
		s->off = true;
	}
	return found;
}

/* An environment may be megabytes long: it is searched in pieces. */
static int
search_fd(int fd, struct search *s)
{
	char buf[CHUNK_SIZE];
	bool any = false, found = false;
	ssize_t i, n;

	s->at = 0;
	s->off = false;
	while (!found && (n = read_some(fd, buf, sizeof(buf))) > 0) {
		any = true;
		for (i = 0; i < n && !found; i++)
			found = feed(s, buf[i]);
	}
	if (!found && n < 0)
		return -1;
	if (found || (any && feed(s, '\0')))
		return YES;
	return any ? NO : NOTHING;
}

static int
search_environ(const char *dir, void *arg)
{
	int fd, rc, saved;

	fd = open_in(dir, "environ");
	if (fd < 0)
		return -1;
	rc = search_fd(fd, arg);
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

int
procfs_environ_has(pid_t pid, const char *name, const char *value)
{
	struct search s = { .name = name,
		.value = value,
		.name_len = strlen(name),
		.len = strlen(name) + strlen(value) };
	int rc = ask_process(pid, search_environ, &s);

	return rc < 0 ? -1 : rc == YES;
}

struct descriptors {
	int (*each)(uint32_t inode, int fd, void *arg);
	void *arg;
	char path[PATH_SIZE]; /* of the fd directory */
	bool any;
	int rc; /* of each */
};

static int
see_descriptor(int fd, void *arg)
{
	struct descriptors *d = arg;
	char path[PATH_SIZE + 16], target[64];
	uint32_t inode;
	ssize_t n;

	d->any = true;
	(void)snprintf(path, sizeof(path), "%s/%d", d->path, fd);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0) /* closed meanwhile, or not for us */
		return errno == ENOENT || errno == ESRCH ? 0 : -1;
	target[n] = '\0';
	if (sscanf(target, "socket:[%" SCNu32 "]", &inode) != 1)
		return 0;
	d->rc = d->each(inode, fd, d->arg);
	return d->rc == 0 ? 0 : STOPPED;
}

static int
see_descriptors(const char *dir, void *arg)
{
	struct descriptors *d = arg;
	int rc;

	(void)snprintf(d->path, sizeof(d->path), "%s/fd", dir);
	rc = each_number(d->path, see_descriptor, d);
	return rc != 0 ? rc : d->any ? YES : NOTHING;
}

int
procfs_sockets(
    pid_t pid, int (*each)(uint32_t inode, int fd, void *arg), void *arg)
{
	struct descriptors d = { .each = each, .arg = arg };
	int rc = ask_process(pid, see_descriptors, &d);

	return rc < 0 ? -1 : d.rc;
}

int
procfs_each(int (*each)(pid_t pid, void *arg), void *arg)
{
	return each_number("/proc", each, arg);
}

struct list {
	struct procfs_stat *stats;
	size_t len, room;
};

static int
append(pid_t pid, void *arg)
{
	struct list *list = arg;
	struct procfs_stat *stats;

	if (list->len == list->room) {
		list->room = list->room == 0 ? 128 : list->room * 2;
		stats = reallocarray(list->stats, list->room, sizeof(*stats));
		if (stats == NULL)
			return -1;
		list->stats = stats;
	}
	if (procfs_stat(pid, &list->stats[list->len]) == 0)
		list->len++;
	else if (procfs_starved(errno))
		return -1;
	return 0;
}

bool
procfs_starved(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM;
}

ssize_t
procfs_list(struct procfs_stat **out)
{
	struct list list = { NULL, 0, 0 };
	int error;

	if (procfs_each(append, &list) < 0) {
		error = errno;
		free(list.stats);
		return fail(error);
	}
	*out = list.stats;
	return (ssize_t)list.len;
}

/*
 * "ID PARENT MAJ:MIN ROOT POINT FLAGS ... - TYPE SOURCE OPTIONS".  Any hidepid
 * that is shown hides something: the kernel leaves out hidepid=0.
 */
int
procfs_parse_mount(const char *line)
{
	const char *tail = strstr(line, " - ");
	char point[8], type[8], options[256];

	if (tail == NULL || sscanf(line, "%*s %*s %*s %*s %7s", point) != 1 ||
	    strcmp(point, "/proc") != 0)
		return -1;
	if (sscanf(tail, " - %7s %*s %255s", type, options) != 2 ||
	    strcmp(type, "proc") != 0)
		return 1;
	return strstr(options, "hidepid=") != NULL;
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

bool
procfs_hidden(void)
{
	char self[16] = "";

	/* /proc/self shows our pid in the namespace of that mount. */
	if (readlink("/proc/self", self, sizeof(self) - 1) < 0 ||
	    number(self) != getpid())
		return true;
	return geteuid() != 0 && mounted_hiding();
}

int
procfs_pidfd(pid_t pid, uint64_t start)
{
	struct procfs_stat stat;
	int fd, error;

	fd = pidfd_open(pid, 0);
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
	ssize_t n;

	n = slurp("/proc/sys/kernel/random", "boot_id", id, PROCFS_BOOT_ID);
	if (n < 0)
		return -1;
	return n == PROCFS_BOOT_ID - 1 ? 0 : fail(EBADMSG);
}

static int
namespace_at(const char *path, uint64_t *inode)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -1;
	*inode = st.st_ino;
	return 0;
}

int
procfs_namespace(const char *kind, uint64_t *inode)
{
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	return namespace_at(path, inode);
}

int
procfs_namespace_of(pid_t pid, const char *kind, uint64_t *inode)
{
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, kind);
	return namespace_at(path, inode);
}
