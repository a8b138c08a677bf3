/* SPDX-License-Identifier: ISC */
/*
 * One pass over /proc, each process asked for its witnesses; then pidfds,
 * which name a process for good, to signal and to wait on: one at a time, so
 * that there may be more tenants than we may have descriptors.
 */
#include "proof/members.h"
#include "base/clock.h"
#include "kernel/procfs.h"
#include "kernel/proctree.h"
#include "kernel/reclock.h"
#include "store/recquery.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

enum {
	KILL_WAIT = 10000, /* milliseconds */
	DYING_WAIT = 100,
	STARVED_WAIT = 10, /* until a descriptor may be had */
	ANCESTORS = 64 /* that may be proven one by the next */
};

#define INITIAL_PIDNS 0xeffffffcU

struct finding {
	struct members *out;
	const struct record *record; /* NULL: unreadable, or past */
	const char *path;
	const struct evidence *e;
	uint64_t pidns;
	pid_t owner; /* of a lease without a command; 0: nobody, or gone */
	pid_t *spared; /* heap: whoever asks, with ancestors */
	size_t nspared, room;
	int error; /* errno: what we were short of; 0 */
};

static bool
spared(const struct finding *f, pid_t pid)
{
	for (size_t i = 0; i < f->nspared; i++)
		if (f->spared[i] == pid)
			return true;
	return pid <= 1;
}

/* After a call that failed: because of us, or because of the process? */
static void
note_error(struct finding *f)
{
	if (procfs_starved(errno))
		f->error = errno;
}

static bool
spare(struct finding *f, pid_t pid)
{
	pid_t *more;

	if (f->nspared == f->room) {
		more = reallocarray(f->spared, f->room + 128, sizeof(*more));
		if (more == NULL) {
			f->error = ENOMEM;
			return false;
		}
		f->spared = more;
		f->room += 128;
	}
	f->spared[f->nspared++] = pid;
	return true;
}

static void
spare_line(struct finding *f, pid_t pid)
{
	struct procfs_stat st;

	while (!spared(f, pid) && spare(f, pid)) {
		if (procfs_stat(pid, &st) == -1) {
			note_error(f);
			break;
		}
		pid = st.ppid;
	}
}

static void
spare_caller(pid_t pid, void *arg)
{
	spare_line(arg, pid);
}

static void
spare_owner(struct finding *f)
{
	const struct identity *id = &f->record->identity;
	struct procfs_stat st;

	if (procfs_stat(id->owner, &st) == -1) {
		note_error(f);
		return;
	}
	if (st.start != id->owner_start)
		return;
	spare_line(f, id->owner);
	if (id->command_start == 0)
		f->owner = id->owner;
}

/* Whoever asks for the end of a lease outlives it. */
static void
begin(struct finding *f, struct members *t, const struct stored *s,
    const struct evidence *e)
{
	memset(f, 0, sizeof(*f));
	f->out = t;
	f->record = s->past ? NULL : s->record;
	f->path = s->path;
	f->e = e;
	(void)procfs_namespace("pid", &f->pidns);
	spare_line(f, getpid());
	if (s->fd != -1)
		reclock_callers(s->fd, spare_caller, f);
	if (f->record != NULL)
		spare_owner(f);
}

/* 0; -1 with errno when nothing that was found can be relied on. */
static int
end(struct finding *f)
{
	free(f->spared);
	errno = f->error;
	return f->error != 0 ? -1 : 0;
}

static bool
in_record(const struct finding *f, const struct procfs_stat *p)
{
	const struct identity *id;
	struct image image;

	if (f->record == NULL)
		return false;
	id = &f->record->identity;
	if (id->command == p->pid && id->command_start == p->start &&
	    id->pidns == f->pidns)
		return true;
	for (size_t i = 0; i < RECORD_IMAGES; i++)
		if (recquery_image(f->record, i, &image) &&
		    image.pid == p->pid && image.start == p->start &&
		    (image.pidns == 0 || image.pidns == f->pidns))
			return true;
	return false;
}

/*
 * What the programs of the lease have written speaks once: who is listed
 * himself, and holds a listed socket, has one witness.
 */
/*
 * What the programs of the lease have written speaks once: a process that the
 * record lists, and that holds a socket which it lists, has one witness.
 */
static unsigned int
witness_of(const struct evidence *e, uint32_t inode)
{
	unsigned int witness = 0;

	for (size_t i = 0; i < e->nleft; i++) {
		if (e->left[i].socket.inode != inode || inode == 0)
			continue;
		if (e->left[i].kind == LEFT_LEASE)
			return WITNESS_SOCKET;
		if (e->left[i].kind == LEFT_RECORD)
			witness = WITNESS_RECORD;
	}
	return witness;
}

static unsigned int
ask_sockets(struct finding *f, pid_t pid)
{
	unsigned int all = 0;
	uint32_t *inodes;
	ssize_t n;

	if (f->e == NULL || f->e->nleft == 0)
		return 0;
	n = procfs_sockets(pid, &inodes);
	if (n == -1)
		note_error(f);
	for (ssize_t i = 0; i < n; i++)
		all |= witness_of(f->e, inodes[i]);
	free(inodes);
	return all & WITNESS_SOCKET ? WITNESS_SOCKET : all;
}

static void
note_unseen(struct finding *f, int rc)
{
	if (rc == -1 && (errno == EACCES || errno == EPERM))
		f->out->unseen = true;
}

/* Started by the script whose lease it is, since it has the lease. */
static bool
by_owner(const struct finding *f, const struct procfs_stat *p)
{
	return f->owner != 0 && p->ppid == f->owner &&
	       p->start >= f->record->identity.start;
}

static bool
proven(unsigned int witnesses)
{
	return __builtin_popcount(witnesses) >= 2;
}

/* All that it says for itself. */
static unsigned int
ask_witnesses(struct finding *f, const struct procfs_stat *p)
{
	unsigned int w = 0;
	int rc;

	if (in_record(f, p))
		w |= WITNESS_RECORD;
	rc = procfs_environ_has(p->pid, "PORTLEASE_RECORD=", f->path);
	if (rc == 1)
		w |= WITNESS_MARK;
	if (rc == -1)
		note_error(f);
	if (w != 0)
		note_unseen(f, rc);
	w |= ask_sockets(f, p->pid);
	if (by_owner(f, p) && !(w & WITNESS_RECORD))
		w |= WITNESS_PARENT;
	return w;
}

static int
add(struct finding *f, const struct procfs_stat *p, unsigned int witnesses)
{
	struct members *out = f->out;
	struct member *t;

	t = reallocarray(out->list, out->n + 1, sizeof(*t));
	if (t == NULL)
		return -1;
	out->list = t;
	t = &out->list[out->n++];
	*t = (struct member){
		.pid = p->pid, .start = p->start, .witnesses = witnesses
	};
	if (procfs_cmdline(p->pid, t->line, sizeof(t->line)) == -1)
		t->line[0] = '\0';
	return 0;
}

/* Processes in the order of their pids, and what each has for witnesses. */
struct crowd {
	struct procfs_stat *list; /* heap */
	unsigned int *witnesses; /* heap */
	size_t n;
};

static int
by_pid(const void *a, const void *b)
{
	const struct procfs_stat *p = a, *q = b;

	return (p->pid > q->pid) - (p->pid < q->pid);
}

static bool
parent_proven(const struct crowd *c, const struct procfs_stat *p)
{
	const struct procfs_stat key = { .pid = p->ppid };
	const struct procfs_stat *parent =
	    bsearch(&key, c->list, c->n, sizeof(key), by_pid);

	return parent != NULL && parent->start <= p->start &&
	       proven(c->witnesses[parent - c->list]);
}

/* Until nothing changes: a parent may have the higher pid. */
static void
ask_parents(const struct finding *f, struct crowd *c)
{
	bool changed;

	do {
		changed = false;
		for (size_t i = 0; i < c->n; i++) {
			const struct procfs_stat *p = &c->list[i];

			if (c->witnesses[i] & WITNESS_PARENT ||
			    procfs_dead(p) || spared(f, p->pid) ||
			    !parent_proven(c, p))
				continue;
			c->witnesses[i] |= WITNESS_PARENT;
			changed = true;
		}
	} while (changed);
}

/* A fork of the owner's, with no other witness, is none yet. */
static int
take(struct finding *f, const struct procfs_stat *p, unsigned int witnesses)
{
	if (witnesses == WITNESS_PARENT && by_owner(f, p)) {
		f->out->starting++;
		return 0;
	}
	return witnesses != 0 ? add(f, p, witnesses) : 0;
}

static int
ask_all(struct finding *f, struct crowd *c)
{
	int rc = 0;

	c->witnesses = calloc(c->n + 1, sizeof(*c->witnesses));
	if (c->witnesses == NULL)
		return -1;
	for (size_t i = 0; i < c->n; i++)
		if (!procfs_dead(&c->list[i]) && !spared(f, c->list[i].pid))
			c->witnesses[i] = ask_witnesses(f, &c->list[i]);
	ask_parents(f, c);
	for (size_t i = 0; i < c->n && rc == 0; i++)
		rc = take(f, &c->list[i], c->witnesses[i]);
	free(c->witnesses);
	return rc;
}

static int
list_all(struct crowd *c)
{
	ssize_t n = procfs_list(&c->list);

	c->n = n == -1 ? 0 : (size_t)n;
	return n == -1 ? -1 : 0;
}

static bool
listed(const struct crowd *c, pid_t pid)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].pid == pid)
			return true;
	return false;
}

static int
list_images(struct finding *f, struct crowd *c)
{
	struct image image;

	c->list = calloc(RECORD_IMAGES, sizeof(*c->list));
	if (c->list == NULL)
		return -1;
	for (size_t i = 0; i < RECORD_IMAGES && f->record != NULL; i++) {
		if (!recquery_image(f->record, i, &image) ||
		    listed(c, image.pid) || kill(image.pid, 0) == -1)
			continue;
		if (procfs_stat(image.pid, &c->list[c->n]) == 0)
			c->n++;
		else
			note_error(f);
	}
	qsort(c->list, c->n, sizeof(*c->list), by_pid);
	return 0;
}

/* Is a process in this pid namespace, or could that not be found out? */
static bool
lived_in(uint64_t pidns)
{
	uint64_t its;
	pid_t *pids;
	ssize_t n = procfs_pids(&pids);
	bool lived = n == -1;

	for (ssize_t i = 0; i < n && !lived; i++)
		lived = procfs_namespace_of(pids[i], "pid", &its) == 0 &&
			its == pidns;
	free(pids);
	return lived;
}

/*
 * Could tenants live that this /proc does not show?  The initial pid namespace
 * (PROC_PID_INIT_INO in Linux, include/linux/proc_ns.h) shows all others.
 */
static bool
out_of_sight(const struct finding *f)
{
	uint64_t theirs = f->record != NULL ? f->record->identity.pidns : 0;

	if (procfs_hidden())
		return true;
	if (theirs == 0 || theirs == f->pidns)
		return false;
	return f->pidns != INITIAL_PIDNS || lived_in(theirs);
}

int
members_find(struct members *t, const struct stored *s,
    const struct evidence *e, enum members_among among)
{
	struct crowd c = { 0 };
	struct finding f;
	int rc;

	memset(t, 0, sizeof(*t));
	begin(&f, t, s, e);
	if (among == AMONG_ALL)
		t->unseen = out_of_sight(&f);
	rc = among == AMONG_ALL ? list_all(&c) : list_images(&f, &c);
	if (rc == 0)
		rc = ask_all(&f, &c);
	if (rc == -1)
		f.error = errno;
	free(c.list);
	if (f.error != 0)
		members_free(t);
	return end(&f);
}

/*
 * Two witnesses, the last of which may be its parent, by its parent's word,
 * and so on.
 */
static bool
proven_now(struct finding *f, const struct procfs_stat *p, int ancestors)
{
	unsigned int w = ask_witnesses(f, p);
	struct procfs_stat parent;

	if (proven(w) || w == 0 || w & WITNESS_PARENT)
		return proven(w);
	return ancestors > 0 && !spared(f, p->ppid) &&
	       procfs_stat(p->ppid, &parent) == 0 && !procfs_dead(&parent) &&
	       parent.start <= p->start &&
	       proven_now(f, &parent, ancestors - 1);
}

/* The descriptor first: then whatever is true of the pid is true of it. */
static bool
kill_if_proven(struct finding *f, pid_t pid)
{
	struct procfs_stat st;
	bool killed;
	int fd = spared(f, pid) ? -1 : pidfd_open(pid, 0);

	if (fd == -1)
		return false;
	killed = procfs_stat(pid, &st) == 0 && !procfs_dead(&st) &&
		 proven_now(f, &st, ANCESTORS) &&
		 pidfd_send_signal(fd, SIGKILL, NULL, 0) == 0;
	close(fd);
	return killed;
}

void
members_excuse(struct members *t, const struct stored *s)
{
	struct finding f;
	size_t n = 0;

	begin(&f, t, s, NULL);
	for (size_t i = 0; i < t->n; i++) {
		if (f.error != 0)
			t->list[i].witnesses = 0;
		if (!spared(&f, t->list[i].pid))
			t->list[n++] = t->list[i];
	}
	t->n = n;
	(void)end(&f);
}

size_t
members_kill(const struct stored *s, const struct evidence *e)
{
	struct members none = { 0 };
	struct finding f;
	size_t killed = 0;
	pid_t *pids;
	ssize_t n;

	begin(&f, &none, s, e);
	n = procfs_pids(&pids);
	while (n > 0 && f.error == 0)
		killed += kill_if_proven(&f, pids[--n]);
	free(pids);
	(void)end(&f);
	return killed;
}

void
members_free(struct members *t)
{
	free(t->list);
	t->list = NULL;
	t->n = 0;
}

bool
members_proven(const struct member *tenant)
{
	return proven(tenant->witnesses);
}

/* Its descriptor; without one to be had, try until the end. */
static int
open_one(const struct member *one, int64_t until)
{
	int fd;

	while ((fd = procfs_pidfd(one->pid, one->start)) == -1 &&
	       errno != ESRCH && clock_ms() < until)
		(void)poll(NULL, 0, STARVED_WAIT);
	return fd;
}

/* Has it ended by then (clock_ms)?  False, too, when we cannot know. */
static bool
ends(const struct member *one, int64_t until)
{
	struct pollfd pfd = { .fd = open_one(one, until), .events = POLLIN };
	int64_t left;
	int rc;

	if (pfd.fd == -1)
		return errno == ESRCH;
	do {
		left = until - clock_ms();
		rc = poll(&pfd, 1, left > 0 ? (int)left : 0);
	} while (rc == -1 && errno == EINTR);
	close(pfd.fd);
	return rc == 1;
}

static void
signal_proven(const struct members *t, int sig)
{
	for (size_t i = 0; i < t->n; i++)
		if (members_proven(&t->list[i]))
			(void)proctree_signal_one(
			    t->list[i].pid, t->list[i].start, sig);
}

/* All have to end, so it does not matter who is waited for first. */
size_t
members_wait(const struct members *t, int64_t ms)
{
	int64_t until = clock_ms() + ms;
	size_t left = 0;

	for (size_t i = 0; i < t->n; i++)
		left +=
		    members_proven(&t->list[i]) && !ends(&t->list[i], until);
	return left;
}

size_t
members_end(const struct members *t, int sig, int64_t grace)
{
	size_t left;

	signal_proven(t, sig);
	left = members_wait(t, grace);
	if (left == 0)
		return 0;
	signal_proven(t, SIGKILL);
	return members_wait(t, KILL_WAIT);
}

static size_t
count_unproven(const struct members *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += !members_proven(&t->list[i]);
	return n;
}

size_t
members_unproven(struct members *t, const struct stored *s)
{
	int64_t until = clock_ms() + DYING_WAIT;
	size_t left = 0;

	if (count_unproven(t) == 0)
		return 0;
	for (size_t i = 0; i < t->n; i++)
		if (members_proven(&t->list[i]) || !ends(&t->list[i], until))
			t->list[left++] = t->list[i];
	t->n = left;
	members_excuse(t, s);
	return count_unproven(t);
}
