/* SPDX-License-Identifier: ISC */
/*
 * /proc/PID/task/TID/{stat,schedstat} and /proc/PID/io: see proc(5), and
 * Documentation/scheduler/sched-stats.rst in Linux for schedstat.
 */
#include "ready/activity.h"
#include "base/grow.h"
#include "kernel/procfs.h"
#include "kernel/proctree.h"
#include "store/recquery.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t
field(const char *text, const char *name)
{
	const char *value = procfs_parse_value(text, name);

	return value != NULL ? strtoull(value, NULL, 10) : 0;
}

/* All threads of a process, dead ones too; 0 where it may not be read. */
static uint64_t
bytes_of(pid_t pid)
{
	char text[256];

	(void)procfs_read(text, sizeof(text), "/proc/%d/io", pid);
	return field(text, "rchar:") + field(text, "wchar:") +
	       field(text, "read_bytes:");
}

/* False when the thread is gone, or a zombie. */
static bool
read_thread(struct thread_sample *t)
{
	char text[512];

	(void)procfs_read(
	    text, sizeof(text), "/proc/%d/task/%d/stat", t->pid, t->tid);
	t->state = procfs_parse_state(text);
	if (t->state == 'Z' || t->state == 'X')
		return false;
	(void)procfs_read(
	    text, sizeof(text), "/proc/%d/task/%d/schedstat", t->pid, t->tid);
	t->ran = t->waited = 0;
	(void)sscanf(text, "%" SCNu64 " %" SCNu64, &t->ran, &t->waited);
	t->bytes = t->pid == t->tid ? bytes_of(t->pid) : 0;
	return true;
}

/* Fill the threads of a sample in, and drop those that are gone. */
static void
read_threads(struct sample *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (read_thread(&s->threads[i]))
			s->threads[n++] = s->threads[i];
	s->n = n;
}

static void
add_thread(struct sample *s, pid_t pid, pid_t tid)
{
	struct thread_sample *list = grow(s->threads, s->n, sizeof(*list));

	if (list == NULL)
		return;
	list[s->n++] = (struct thread_sample){ .pid = pid, .tid = tid };
	s->threads = list;
}

static void
add_process(struct sample *s, pid_t pid)
{
	pid_t *tids;
	ssize_t n = procfs_threads(pid, &tids);

	for (ssize_t i = 0; i < n; i++)
		add_thread(s, pid, tids[i]);
	free(tids);
}

/* Of a lease without a command: the processes of the record that live. */
static void
add_images(struct sample *s, const struct record *r, pid_t exclude)
{
	struct procfs_stat st;
	struct image image;

	for (size_t i = 0; i < RECORD_IMAGES; i++)
		if (recquery_image(r, i, &image) &&
		    procfs_stat(image.pid, &st) == 0 &&
		    st.start == image.start && image.pid != getpid() &&
		    (exclude == 0 || (st.pid != exclude && st.ppid != exclude)))
			add_process(s, image.pid);
}

struct sample
activity_threads(pid_t root, const struct record *record, pid_t exclude)
{
	struct sample s = { 0 };
	struct procfs_stat *list;
	ssize_t n;

	if (root == 0) {
		add_images(&s, record, exclude);
		return s;
	}
	n = proctree_descendants(root, &list);
	for (ssize_t i = 0; i < n; i++)
		if (list[i].pid != exclude &&
		    !proctree_descends(list, n, list[i].pid, exclude))
			add_process(&s, list[i].pid);
	free(list);
	return s;
}

static int
by_tid(const void *a, const void *b)
{
	const struct thread_sample *x = a, *y = b;

	return (x->tid > y->tid) - (x->tid < y->tid);
}

static struct sample
list_anew(const struct sampler *s, pid_t exclude, uint64_t events)
{
	struct sample now = activity_threads(s->root, s->record, exclude);

	read_threads(&now);
	if (now.n > 1)
		qsort(now.threads, now.n, sizeof(*now.threads), by_tid);
	now.events = events;
	return now;
}

/* The same threads as last time. */
static struct sample
read_again(const struct sample *last)
{
	struct sample now = { 0 };

	now.threads = calloc(last->n + 1, sizeof(*now.threads));
	if (now.threads == NULL || last->n == 0)
		return now;
	memcpy(now.threads, last->threads, last->n * sizeof(*now.threads));
	now.n = last->n;
	read_threads(&now);
	return now;
}

/* Was a process born since we listed?  /proc/loadavg ends with its pid. */
static bool
births(struct sampler *s)
{
	char text[96], *last;
	bool same;

	(void)procfs_read(text, sizeof(text), "/proc/loadavg");
	last = strrchr(text, ' ');
	if (last == NULL)
		return true;
	same = strcmp(s->born, last) == 0;
	(void)strlcpy(s->born, last, sizeof(s->born)); /* a short number */
	return !same;
}

enum activity
activity_sample(struct sampler *s, pid_t exclude, int64_t ms)
{
	struct sample now = read_again(&s->last);
	enum activity activity;

	now.events =
	    record_event_count(s->record) + atomic_load(&s->record->listens);
	activity = idle_compare(&s->last, &now, ms);
	if ((activity == ACTIVITY_NONE || activity == ACTIVITY_THREADS) &&
	    births(s)) {
		free(now.threads);
		now = list_anew(s, exclude, now.events);
		activity = idle_compare(&s->last, &now, ms);
	}
	free(s->last.threads);
	s->last = now;
	return activity;
}

void
activity_free(struct sampler *s)
{
	free(s->last.threads);
	memset(s, 0, sizeof(*s));
}
