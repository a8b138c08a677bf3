/* SPDX-License-Identifier: ISC */
/*
 * One pass over /proc, each process asked for its witnesses; then pidfds,
 * which name a process for good, to signal and to wait on.
 */
#include "tenants.h"
#include "clock.h"
#include "ledger.h"
#include "procfs.h"
#include "vouch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

enum { KILL_WAIT = 2000, DYING_WAIT = 100 /* milliseconds */ };

#define INITIAL_PIDNS 0xeffffffcU

struct finding {
	struct tenants *out;
	const struct record *record; /* NULL: unreadable */
	const char *path;
	const struct evidence *e;
	uint64_t pidns;
	pid_t owner; /* of a lease without a command; 0: nobody, or gone */
	pid_t spared[192]; /* whoever asks, with ancestors */
	size_t nspared;
};

static bool
spared(const struct finding *f, pid_t pid)
{
	for (size_t i = 0; i < f->nspared; i++)
		if (f->spared[i] == pid)
			return true;
	return pid <= 1;
}

static void
spare_line(struct finding *f, pid_t pid)
{
	struct procfs_stat st;

	while (
	    !spared(f, pid) && f->nspared < sizeof(f->spared) / sizeof(pid_t)) {
		f->spared[f->nspared++] = pid;
		if (procfs_stat(pid, &st) == -1)
			break;
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

	if (procfs_stat(id->owner, &st) == -1 || st.start != id->owner_start)
		return;
	spare_line(f, id->owner);
	if (id->command_start == 0)
		f->owner = id->owner;
}

/* Whoever asks for the end of a lease outlives it. */
static void
begin(struct finding *f, struct tenants *t, const struct stored *s,
    const struct evidence *e)
{
	memset(f, 0, sizeof(*f));
	f->out = t;
	f->record = s->record;
	f->path = s->path;
	f->e = e;
	(void)procfs_namespace("pid", &f->pidns);
	spare_line(f, getpid());
	if (s->fd != -1)
		vouch_callers(s->fd, spare_caller, f);
	if (s->record != NULL)
		spare_owner(f);
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
		if (ledger_image(f->record, i, &image) && image.pid == p->pid &&
		    image.start == p->start &&
		    (image.pidns == 0 || image.pidns == f->pidns))
			return true;
	return false;
}

static int
holds(uint32_t inode, int fd, void *arg)
{
	const struct evidence *e = arg;

	(void)fd;
	for (size_t i = 0; i < e->nleft; i++)
		if (e->left[i].socket.inode == inode && inode != 0)
			return 1;
	return 0;
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
parent_proven(const struct finding *f, const struct procfs_stat *p)
{
	for (size_t i = 0; i < f->out->n; i++)
		if (f->out->list[i].pid == p->ppid)
			return tenants_proven(&f->out->list[i]);
	return false;
}

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
	if (w != 0)
		note_unseen(f, rc);
	if (f->e != NULL && f->e->nleft > 0 &&
	    procfs_sockets(p->pid, holds, (void *)(uintptr_t)f->e) == 1)
		w |= WITNESS_SOCKET;
	if (parent_proven(f, p) || (by_owner(f, p) && !(w & WITNESS_RECORD)))
		w |= WITNESS_PARENT;
	return w;
}

static int
add(struct finding *f, const struct procfs_stat *p, unsigned int witnesses)
{
	struct tenants *out = f->out;
	struct procfs_status status;
	struct tenant *t;

	t = reallocarray(out->list, out->n + 1, sizeof(*t));
	if (t == NULL)
		return -1;
	out->list = t;
	t = &out->list[out->n++];
	*t = (struct tenant){ .pid = p->pid,
		.start = p->start,
		.state = p->state,
		.witnesses = witnesses };
	if (procfs_status(p->pid, &status) == 0)
		t->uid = status.uid;
	if (procfs_cmdline(p->pid, t->line, sizeof(t->line)) == -1)
		t->line[0] = '\0';
	return 0;
}

static bool
gone(const struct procfs_stat *p)
{
	return (p->state == 'Z' || p->state == 'X') && p->threads <= 1;
}

static int
look_at(struct finding *f, const struct procfs_stat *p)
{
	unsigned int witnesses;

	if (gone(p) || spared(f, p->pid))
		return 0;
	witnesses = ask_witnesses(f, p);
	if (witnesses == WITNESS_PARENT && by_owner(f, p)) {
		f->out->starting++;
		return 0;
	}
	return witnesses != 0 ? add(f, p, witnesses) : 0;
}

static int
find_all(struct finding *f)
{
	struct procfs_stat *list;
	ssize_t n = procfs_list(&list);
	int rc = n == -1 ? -1 : 0;

	for (ssize_t i = 0; i < n && rc == 0; i++)
		rc = look_at(f, &list[i]);
	if (n != -1)
		free(list);
	return rc;
}

static bool
known(const struct finding *f, pid_t pid)
{
	for (size_t i = 0; i < f->out->n; i++)
		if (f->out->list[i].pid == pid)
			return true;
	return false;
}

static int
find_images(struct finding *f)
{
	struct procfs_stat st;
	struct image image;
	int rc = 0;

	for (size_t i = 0; i < RECORD_IMAGES && rc == 0; i++)
		if (ledger_image(f->record, i, &image) &&
		    kill(image.pid, 0) == 0 && !known(f, image.pid) &&
		    procfs_stat(image.pid, &st) == 0)
			rc = look_at(f, &st);
	return rc;
}

/* Is it in this pid namespace, and may we know? */
static int
lives_in(pid_t pid, void *arg)
{
	const uint64_t *pidns = arg;
	uint64_t its;

	return procfs_namespace_of(pid, "pid", &its) == 0 && its == *pidns;
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
	return f->pidns != INITIAL_PIDNS || procfs_each(lives_in, &theirs) != 0;
}

int
tenants_find(struct tenants *t, const struct stored *s,
    const struct evidence *e, enum tenants_among among)
{
	struct finding f;

	memset(t, 0, sizeof(*t));
	begin(&f, t, s, e);
	if (among == AMONG_ALL)
		t->unseen = out_of_sight(&f);
	return among == AMONG_ALL ? find_all(&f) : find_images(&f);
}

struct pids {
	pid_t *list; /* heap */
	size_t n, room;
};

static int
collect(pid_t pid, void *arg)
{
	struct pids *pids = arg;
	pid_t *list;

	if (pids->n == pids->room) {
		list =
		    reallocarray(pids->list, pids->room + 512, sizeof(*list));
		if (list == NULL)
			return -1;
		pids->list = list;
		pids->room += 512;
	}
	pids->list[pids->n++] = pid;
	return 0;
}

/* The descriptor first: then whatever is true of the pid is true of it. */
static bool
kill_if_proven(struct finding *f, pid_t pid)
{
	struct tenant t = { .pid = pid };
	struct procfs_stat st;
	bool killed = false;
	int fd = spared(f, pid) ? -1 : pidfd_open(pid, 0);

	if (fd == -1)
		return false;
	if (procfs_stat(pid, &st) == 0 && !gone(&st)) {
		t.witnesses = ask_witnesses(f, &st);
		killed = tenants_proven(&t) &&
			 pidfd_send_signal(fd, SIGKILL, NULL, 0) == 0;
	}
	close(fd);
	return killed;
}

void
tenants_excuse(struct tenants *t, const struct stored *s)
{
	struct finding f;
	size_t n = 0;

	begin(&f, t, s, NULL);
	for (size_t i = 0; i < t->n; i++)
		if (!spared(&f, t->list[i].pid))
			t->list[n++] = t->list[i];
	t->n = n;
}

size_t
tenants_kill(const struct stored *s, const struct evidence *e)
{
	struct tenants none = { 0 };
	struct pids pids = { 0 };
	struct finding f;
	size_t killed = 0;

	begin(&f, &none, s, e);
	(void)procfs_each(collect, &pids);
	while (pids.n > 0)
		killed += kill_if_proven(&f, pids.list[--pids.n]);
	free(pids.list);
	return killed;
}

void
tenants_free(struct tenants *t)
{
	free(t->list);
	t->list = NULL;
	t->n = 0;
}

bool
tenants_proven(const struct tenant *tenant)
{
	return __builtin_popcount(tenant->witnesses) >= 2;
}

/* Drop the descriptors of those that have ended. */
static size_t
still(struct pollfd *fds, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		if (fds[i].fd >= 0 && fds[i].revents != 0) {
			close(fds[i].fd);
			fds[i].fd = -1;
		}
		left += fds[i].fd >= 0;
	}
	return left;
}

static size_t
wait_all(struct pollfd *fds, size_t n, int64_t ms)
{
	int64_t end = clock_ms() + ms, left = ms;
	size_t alive;

	while ((alive = still(fds, n)) > 0 && left > 0) {
		if (poll(fds, n, (int)left) == -1 && errno != EINTR)
			break;
		left = end - clock_ms();
	}
	return alive;
}

static void
signal_all(const struct pollfd *fds, size_t n, int sig)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i].fd >= 0)
			(void)pidfd_send_signal(fds[i].fd, sig, NULL, 0);
}

/* A pidfd for each that is proven, or is not; NULL with errno. */
static struct pollfd *
open_all(const struct tenants *t, bool proven)
{
	struct pollfd *fds = calloc(t->n + 1, sizeof(*fds));

	for (size_t i = 0; fds != NULL && i < t->n; i++) {
		const struct tenant *one = &t->list[i];

		fds[i].events = POLLIN;
		fds[i].fd = tenants_proven(one) == proven
				? procfs_pidfd(one->pid, one->start)
				: -1;
	}
	return fds;
}

static void
close_all(struct pollfd *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i].fd >= 0)
			close(fds[i].fd);
	free(fds);
}

size_t
tenants_wait(const struct tenants *t, int64_t ms)
{
	struct pollfd *fds = open_all(t, true);
	size_t left;

	if (fds == NULL)
		return t->n;
	left = wait_all(fds, t->n, ms);
	close_all(fds, t->n);
	return left;
}

size_t
tenants_end(const struct tenants *t, int sig, int64_t grace)
{
	struct pollfd *fds = open_all(t, true);
	size_t left;

	if (fds == NULL)
		return t->n;
	signal_all(fds, t->n, sig);
	signal_all(fds, t->n, SIGCONT);
	left = wait_all(fds, t->n, grace);
	if (left > 0) {
		signal_all(fds, t->n, SIGKILL);
		left = wait_all(fds, t->n, KILL_WAIT);
	}
	close_all(fds, t->n);
	return left;
}

static size_t
count_unproven(const struct tenants *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += !tenants_proven(&t->list[i]);
	return n;
}

size_t
tenants_unproven(struct tenants *t, const struct stored *s)
{
	struct pollfd *fds;
	size_t n = count_unproven(t), left = 0;

	if (n == 0 || (fds = open_all(t, false)) == NULL)
		return n;
	(void)wait_all(fds, t->n, DYING_WAIT);
	for (size_t i = 0; i < t->n; i++)
		if (tenants_proven(&t->list[i]) || fds[i].fd >= 0)
			t->list[left++] = t->list[i];
	close_all(fds, t->n);
	t->n = left;
	tenants_excuse(t, s);
	return count_unproven(t);
}
