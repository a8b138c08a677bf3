/* SPDX-License-Identifier: ISC */
/*
 * One getdents64(2) for many descriptors, and one readlinkat(2) each: with
 * 20,000 sockets this is most of what `who` costs.  Where the group leader has
 * ended and other threads live on, their directory is read instead of its own.
 */
#include "kernel/descriptors.h"
#include "base/fail.h"
#include "kernel/proctree.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DIRECTORY = 32768, TARGET = 64 };

static const char socket_prefix[] = "socket:[";

/* A process that may be looked at. */
struct place {
	const struct procfs_stat *stat;
	uint32_t near; /* how far off the inode of one of its sockets is */
	bool done;
};

/* A search: the inodes in order, or all of them when n is 0. */
struct search {
	uint32_t *inodes;
	bool *found; /* each of them */
	size_t n;
	size_t missing;
	struct descriptors *out;
	bool ring; /* the process has one */
	struct procfs_stat *stats; /* all processes, by pid */
	ssize_t nstats;
	struct place *places; /* the same, as they are looked at */
};

static int
compare_inodes(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int
compare(const void *a, const void *b)
{
	const struct descriptor *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return (x->fd > y->fd) - (x->fd < y->fd);
}

static int
add(struct descriptors *out, const struct descriptor *d)
{
	struct descriptor *list;

	if ((out->n & (out->n - 1)) == 0) {
		list = reallocarray(
		    out->list, out->n == 0 ? 1 : out->n * 2, sizeof(*list));
		if (list == NULL)
			return -1;
		out->list = list;
	}
	out->list[out->n++] = *d;
	return 0;
}

/* Is it one of those?  Then it has a holder. */
static bool
wanted(struct search *s, uint32_t inode)
{
	const uint32_t *at;

	if (s->n == 0)
		return true;
	at = bsearch(&inode, s->inodes, s->n, sizeof(inode), compare_inodes);
	if (at == NULL)
		return false;
	s->missing -= !s->found[at - s->inodes];
	s->found[at - s->inodes] = true;
	return true;
}

/* The inode in the target of a link in /proc/PID/fd; 0: no socket. */
static uint32_t
inode_of(const char *target)
{
	if (strncmp(target, socket_prefix, sizeof(socket_prefix) - 1) != 0)
		return 0;
	return (uint32_t)strtoul(target + sizeof(socket_prefix) - 1, NULL, 10);
}

/* One entry of the directory.  0; -1 with ENOMEM. */
static int
look_at(struct search *s, int dir, pid_t pid, const char *name)
{
	struct descriptor d = { .pid = pid };
	char target[TARGET];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);

	if (n <= 0) /* closed meanwhile */
		return 0;
	target[n] = '\0';
	if (strcmp(target, "anon_inode:[io_uring]") == 0)
		s->ring = true;
	if (strncmp(target, socket_prefix, sizeof(socket_prefix) - 1) != 0)
		return 0;
	d.inode =
	    (uint32_t)strtoul(target + sizeof(socket_prefix) - 1, NULL, 10);
	d.fd = (int)strtol(name, NULL, 10);
	return wanted(s, d.inode) ? add(s->out, &d) : 0;
}

/* 1 when the directory had entries, 0 when it was empty; -1 with errno. */
static int
read_directory(struct search *s, int dir, pid_t pid)
{
	_Alignas(struct dirent64) char buf[DIRECTORY];
	bool any = false;
	ssize_t n;

	while ((n = getdents64(dir, buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *e =
			    (const struct dirent64 *)(const void *)(buf + at);

			at += e->d_reclen;
			if (e->d_name[0] == '.')
				continue;
			any = true;
			if (look_at(s, dir, pid, e->d_name) == -1)
				return -1;
		}
	}
	return n < 0 ? -1 : any;
}

static int
look_in(struct search *s, pid_t pid, const char *path)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (dir == -1)
		return -1;
	rc = read_directory(s, dir, pid);
	(void)close_quietly(dir);
	return rc;
}

/* The descriptors of the first thread, beside the leader, that shows any. */
static int
look_in_threads(struct search *s, pid_t pid)
{
	char path[64];
	pid_t *tids;
	ssize_t n = procfs_threads(pid, &tids);
	int rc = n < 0 ? -1 : 0;

	for (ssize_t i = 0; i < n && rc <= 0; i++) {
		if (tids[i] == pid)
			continue;
		(void)snprintf(
		    path, sizeof(path), "/proc/%d/task/%d/fd", pid, tids[i]);
		rc = look_in(s, pid, path);
	}
	if (n >= 0)
		free(tids);
	return rc;
}

/* 0; -1 with errno. */
static int
look(struct search *s, pid_t pid)
{
	char path[32];
	int rc, error;

	s->ring = false;
	(void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	rc = look_in(s, pid, path);
	error = errno;
	if (rc == 1)
		return 0;
	if (look_in_threads(s, pid) == 1)
		return 0;
	return rc == 0 ? 0 : fail(error);
}

static void
sort(struct descriptors *out)
{
	if (out->n > 1)
		qsort(out->list, out->n, sizeof(*out->list), compare);
}

/* The socket that a process has under this number; 0: none. */
static uint32_t
socket_at(pid_t pid, int fd)
{
	char path[48], target[TARGET];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	return inode_of(target);
}

/* How far an inode is from the nearest of those that are looked for. */
static uint32_t
distance(const struct search *s, uint32_t inode)
{
	size_t low = 0, high = s->n, middle;
	uint32_t best = UINT32_MAX;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (s->inodes[middle] < inode)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < s->n)
		best = s->inodes[low] - inode;
	if (low > 0 && inode - s->inodes[low - 1] < best)
		best = inode - s->inodes[low - 1];
	return best;
}

static int
compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->near > y->near) - (x->near < y->near);
}

/*
 * Inodes of sockets are given out in their order, or nearly so: a process is
 * likely to hold a socket if one of its first descriptors has a near inode.
 */
static void
order_places(struct search *s)
{
	enum { FIRST = 3, LAST = 6 };

	for (ssize_t i = 0; i < s->nstats; i++) {
		struct place *p = &s->places[i];

		p->near = UINT32_MAX;
		for (int fd = FIRST; fd <= LAST; fd++) {
			uint32_t inode = socket_at(p->stat->pid, fd);

			if (inode == 0)
				continue;
			p->near = distance(s, inode);
			break;
		}
	}
	qsort(s->places, (size_t)s->nstats, sizeof(*s->places), compare_places);
}

static void
visit(struct search *s, struct place *p)
{
	if (p->done)
		return;
	p->done = true;
	if (look(s, p->stat->pid) == -1 && (errno == EACCES || errno == EPERM))
		s->out->denied++;
	s->out->rings += s->ring;
}

/* Processes of which more are not asked for their relatives. */
enum { HOLDERS = 64 };

/* May this process have inherited from, or passed on to, a holder? */
static bool
related(const struct search *s, pid_t pid, size_t ndescriptors)
{
	const struct descriptor *d = s->out->list;

	for (size_t i = 0, n; i < ndescriptors; i += n) {
		for (n = 1; i + n < ndescriptors && d[i + n].pid == d[i].pid;)
			n++;
		if (proctree_descends(s->stats, s->nstats, pid, d[i].pid) ||
		    proctree_descends(s->stats, s->nstats, d[i].pid, pid) ||
		    socket_at(pid, d[i].fd) == d[i].inode)
			return true;
	}
	return false;
}

/* The processes that were found last may have relatives of their own. */
static void
visit_relatives(struct search *s)
{
	size_t holders = 0, before;

	for (size_t i = 0; i < s->out->n; i++)
		holders +=
		    i == 0 || s->out->list[i].pid != s->out->list[i - 1].pid;
	do {
		before = s->out->n;
		for (ssize_t i = 0; i < s->nstats; i++)
			if (!s->places[i].done &&
			    (holders > HOLDERS ||
				related(s, s->places[i].stat->pid, before)))
				visit(s, &s->places[i]);
	} while (s->out->n > before);
}

static void
visit_all(struct search *s, const struct descriptors_search *how)
{
	for (ssize_t i = 0; i < s->nstats; i++) {
		s->places[i].stat = &s->stats[i];
		for (size_t k = 0; k < how->nalso; k++)
			if (how->also[k] == s->stats[i].pid)
				visit(s, &s->places[i]);
	}
	if (s->missing > 0 && !how->everywhere)
		order_places(s);
	for (ssize_t i = 0; i < s->nstats; i++)
		if (s->missing > 0 || how->everywhere)
			visit(s, &s->places[i]);
	if (s->missing == 0)
		visit_relatives(s);
}

/* Each inode once, in order. */
static void
sort_inodes(struct search *s)
{
	size_t kept = 0;

	qsort(s->inodes, s->n, sizeof(*s->inodes), compare_inodes);
	for (size_t i = 0; i < s->n; i++)
		if (kept == 0 || s->inodes[kept - 1] != s->inodes[i])
			s->inodes[kept++] = s->inodes[i];
	s->n = s->missing = kept;
}

int
descriptors_find(const struct descriptors_search *how, struct descriptors *out)
{
	struct search s = { .n = how->n, .out = out };
	int rc = -1;

	*out = (struct descriptors){ 0 };
	if (how->n == 0)
		return 0;
	s.nstats = procfs_list(&s.stats);
	if (s.nstats < 0)
		return -1;
	s.inodes = calloc(how->n, sizeof(*s.inodes));
	s.found = calloc(how->n, sizeof(*s.found));
	s.places = calloc((size_t)s.nstats + 1, sizeof(*s.places));
	if (s.inodes != NULL && s.found != NULL && s.places != NULL) {
		memcpy(s.inodes, how->inodes, how->n * sizeof(*s.inodes));
		sort_inodes(&s);
		visit_all(&s, how);
		sort(out);
		rc = 0;
	}
	free(s.places);
	free(s.found);
	free(s.inodes);
	free(s.stats);
	return rc;
}

int
descriptors_of(pid_t pid, struct descriptors *out)
{
	struct search s = { .out = out };

	*out = (struct descriptors){ 0 };
	if (look(&s, pid) == -1)
		return fail(errno == ENOENT ? ESRCH : errno);
	sort(out);
	return 0;
}

void
descriptors_free(struct descriptors *d)
{
	free(d->list);
	*d = (struct descriptors){ 0 };
}
