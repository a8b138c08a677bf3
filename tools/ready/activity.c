/* SPDX-License-Identifier: ISC */
/*
 * /proc/PID/task/TID/{stat,schedstat} and /proc/PID/io; see proc(5), and
 * Documentation/scheduler/sched-stats.rst in Linux for schedstat.
 */
#include "ready/activity.h"
#include "kernel/procfs.h"
#include "kernel/proctree.h"
#include "store/recquery.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ssize_t
read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd == -1)
		return -1;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n;
}

/* The number behind name, which begins a line; 0 when it is not there. */
static uint64_t
field(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = text; p != NULL; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, name, len) == 0)
			return strtoull(p + len, NULL, 10);
	}
	return 0;
}

/* Of all its threads, dead ones too; 0 where it may not be read. */
static uint64_t
bytes_of(pid_t pid)
{
	char path[48], text[256];

	(void)snprintf(path, sizeof(path), "/proc/%d/io", pid);
	if (read_text(path, text, sizeof(text)) <= 0)
		return 0;
	return field(text, "rchar:") + field(text, "wchar:") +
	       field(text, "read_bytes:");
}

static char
state_of(const char *stat)
{
	const char *end = strrchr(stat, ')');

	return end != NULL && end[1] == ' ' ? end[2] : 'X';
}

/* False when the thread is gone, or a corpse. */
static bool
look(struct beat *b)
{
	char path[64], text[512];

	(void)snprintf(
	    path, sizeof(path), "/proc/%d/task/%d/stat", b->pid, b->tid);
	if (read_text(path, text, sizeof(text)) <= 0)
		return false;
	b->state = state_of(text);
	if (b->state == 'Z' || b->state == 'X')
		return false;
	(void)snprintf(
	    path, sizeof(path), "/proc/%d/task/%d/schedstat", b->pid, b->tid);
	b->ran = b->waited = 0;
	if (read_text(path, text, sizeof(text)) > 0)
		(void)sscanf(text, "%" SCNu64 " %" SCNu64, &b->ran, &b->waited);
	b->bytes = b->pid == b->tid ? bytes_of(b->pid) : 0;
	return true;
}

static uint64_t
events_of(const struct record *r)
{
	return atomic_load(&r->counts.opens) + atomic_load(&r->listens);
}

static void
append(struct beats *beats, pid_t pid, pid_t tid)
{
	struct beat b = { .pid = pid, .tid = tid }, *list;

	if (!look(&b))
		return;
	list = reallocarray(beats->list, beats->n + 1, sizeof(*list));
	if (list == NULL)
		return;
	beats->list = list;
	list[beats->n++] = b;
}

static void
list_thread(pid_t pid, pid_t tid, void *arg)
{
	append(arg, pid, tid);
}

static bool
spared(const struct procfs_stat *list, ssize_t n, pid_t pid, pid_t spare)
{
	for (ssize_t depth = 0; spare != 0 && depth <= n; depth++) {
		ssize_t i = 0;

		if (pid == spare)
			return true;
		while (i < n && list[i].pid != pid)
			i++;
		if (i == n)
			return false;
		pid = list[i].ppid;
	}
	return false;
}

static void
each_thread(pid_t pid, void (*each)(pid_t pid, pid_t tid, void *arg), void *arg)
{
	struct dirent *entry;
	char path[32];
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			each(pid, (pid_t)strtol(entry->d_name, NULL, 10), arg);
	if (dir != NULL)
		closedir(dir);
}

/* Of a lease without a command: whoever the record lists and who lives. */
static ssize_t
each_image(const struct record *r, pid_t spare,
    void (*each)(pid_t pid, pid_t tid, void *arg), void *arg)
{
	struct procfs_stat st;
	struct image image;
	ssize_t n = 0;

	for (size_t i = 0; i < RECORD_IMAGES; i++) {
		if (!recquery_image(r, i, &image) ||
		    procfs_stat(image.pid, &st) == -1 ||
		    st.start != image.start || image.pid == getpid() ||
		    (spare != 0 && (st.pid == spare || st.ppid == spare)))
			continue;
		each_thread(image.pid, each, arg);
		n++;
	}
	return n;
}

ssize_t
activity_threads(pid_t root, const struct record *record, pid_t spare,
    void (*each)(pid_t pid, pid_t tid, void *arg), void *arg)
{
	struct procfs_stat *list;
	ssize_t n;

	if (root == 0)
		return each_image(record, spare, each, arg);
	n = proctree_descendants(root, &list);
	for (ssize_t i = 0; i < n; i++)
		if (!spared(list, n, list[i].pid, spare))
			each_thread(list[i].pid, each, arg);
	free(list);
	return n;
}

static int
by_tid(const void *a, const void *b)
{
	const struct beat *x = a, *y = b;

	return (x->tid > y->tid) - (x->tid < y->tid);
}

static void
list_all(struct activity *p, pid_t spare, struct beats *out)
{
	(void)activity_threads(p->root, p->record, spare, list_thread, out);
	if (out->n > 1)
		qsort(out->list, out->n, sizeof(*out->list), by_tid);
}

static void
look_again(const struct beats *known, struct beats *out)
{
	for (size_t i = 0; i < known->n; i++)
		append(out, known->list[i].pid, known->list[i].tid);
}

/* Was anybody born since we listed?  The last word of /proc/loadavg tells. */
static bool
births(struct activity *p)
{
	char text[96], *last;
	bool same;

	if (read_text("/proc/loadavg", text, sizeof(text)) <= 0 ||
	    (last = strrchr(text, ' ')) == NULL)
		return true;
	same = strncmp(p->born, last, sizeof(p->born)) == 0;
	(void)strlcpy(p->born, last, sizeof(p->born)); /* a short number */
	return !same;
}

static void
keep(struct activity *p, struct beats *now)
{
	free(p->known.list);
	p->known = *now;
}

enum stir
activity_take(struct activity *p, pid_t spare, int64_t ms)
{
	struct beats now = { .events = events_of(p->record) };
	struct beats all = { .events = now.events };
	enum stir stir;

	look_again(&p->known, &now);
	stir = idle_compare(&p->known, &now, ms);
	if ((stir != STIR_NONE && stir != STIR_TASKS) || !births(p)) {
		keep(p, &now);
		return stir;
	}
	list_all(p, spare, &all);
	stir = idle_compare(&p->known, &all, ms);
	free(now.list);
	keep(p, &all);
	return stir;
}

void
activity_free(struct activity *p)
{
	free(p->known.list);
	memset(p, 0, sizeof(*p));
}
