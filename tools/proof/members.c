/* SPDX-License-Identifier: ISC */
/*
 * Every process is asked for its witnesses; then parents vouch for children.
 *
 * A listing of /proc is no snapshot: what is forked meanwhile may be missed,
 * and its parent be gone when that is asked.  So a look goes on until no fork
 * can have escaped it.  A listing goes up the pids and finds each process that
 * lives when its turn comes; a new pid is above all others, unless the pids
 * have wrapped.  Suppose that a member lives at the end and was not listed.
 * Then it was forked during the look, and so was its parent, or that was
 * listed, and so on, back to one that was listed by us (a chain of forks
 * outruns a listing at most from its last pid on).  Had that one still lived
 * after it was asked, its answer was true, and it is found: that is not an
 * empty look, and another one follows (teardown.c).  So a look is whole when
 * the last pid given out is the same as before it, for then nothing was
 * forked; or when all that are new in a listing still live once they have been
 * asked.  Otherwise list again, and ask those that are new.  A process that
 * lives and is no member can bring one only by exec, which teardown.c stops.
 *
 * A pid that its creator chose, clone3(2) with set_tid, may be missed: that
 * takes a capability.
 */
#include "proof/members.h"
#include "store/recquery.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* PROC_PID_INIT_INO in Linux, include/linux/proc_ns.h. */
#define INITIAL_PIDNS 0xeffffffcU

enum { LISTINGS = 256 }; /* in one look, before it is given up */

struct suspect {
	struct procfs_stat stat;
	unsigned int witnesses;
};

/* Processes in the order of their pids. */
struct plist {
	struct suspect *list; /* heap */
	size_t n;
	pid_t last; /* given out, when they were listed; 0 unknown */
	bool found; /* one with a witness */
};

int
members_add(struct members *m, const struct member *one)
{
	struct member *list;

	for (size_t i = 0; i < m->n; i++)
		if (m->list[i].pid == one->pid &&
		    m->list[i].start == one->start)
			return 0;
	list = reallocarray(m->list, m->n + 1, sizeof(*list));
	if (list == NULL)
		return -1;
	m->list = list;
	m->list[m->n++] = *one;
	return 0;
}

static int
add(struct members *m, const struct suspect *p)
{
	struct member one = { .pid = p->stat.pid,
		.start = p->stat.start,
		.witnesses = p->witnesses };

	if (procfs_cmdline(one.pid, one.line, sizeof(one.line)) == -1)
		one.line[0] = '\0';
	return members_add(m, &one);
}

static int
by_pid(const void *a, const void *b)
{
	const struct suspect *p = a, *q = b;

	return (p->stat.pid > q->stat.pid) - (p->stat.pid < q->stat.pid);
}

/* Among the first n. */
static const struct suspect *
find(const struct plist *all, size_t n, pid_t pid)
{
	const struct suspect key = { .stat.pid = pid };

	return n == 0 ? NULL : bsearch(&key, all->list, n, sizeof(key), by_pid);
}

static bool
parent_proven(const struct plist *all, const struct procfs_stat *p)
{
	const struct suspect *parent = find(all, all->n, p->ppid);

	return parent != NULL && parent->stat.start <= p->start &&
	       witness_proven(parent->witnesses);
}

/* Until nothing changes: a parent may have the higher pid. */
static void
ask_parents(const struct search_ctx *ctx, struct plist *all)
{
	bool changed;

	do {
		changed = false;
		for (size_t i = 0; i < all->n; i++) {
			struct suspect *p = &all->list[i];

			if (p->witnesses & WITNESS_PARENT ||
			    procfs_dead(&p->stat) ||
			    witness_excluded(ctx, p->stat.pid) ||
			    !parent_proven(all, &p->stat))
				continue;
			p->witnesses |= WITNESS_PARENT;
			changed = true;
		}
	} while (changed);
}

/* The owner's fork, with no other witness, is no member yet. */
static bool
starting(const struct search_ctx *ctx, const struct suspect *p)
{
	return p->witnesses == WITNESS_PARENT &&
	       witness_of_owner(ctx, &p->stat);
}

static int
collect(const struct search_ctx *ctx, struct plist *all, struct members *m)
{
	int rc = 0;

	ask_parents(ctx, all);
	for (size_t i = 0; i < all->n && rc == 0; i++) {
		const struct suspect *p = &all->list[i];

		if (starting(ctx, p))
			m->starting++;
		else if (p->witnesses != 0)
			rc = add(m, p);
	}
	return rc;
}

/* Add these that are not known yet; false when one of them has gone. */
static bool
list_new(struct search_ctx *ctx, struct plist *all, const pid_t *pids, size_t n)
{
	size_t known = all->n;
	struct suspect *more;
	bool whole = true;

	more = reallocarray(all->list, known + n + 1, sizeof(*more));
	if (more == NULL) {
		ctx->error = errno;
		return false;
	}
	all->list = more;
	for (size_t i = 0; i < n; i++) {
		struct suspect *new = &all->list[all->n];

		if (find(all, known, pids[i]) != NULL)
			continue;
		*new = (struct suspect){ .witnesses = 0 };
		if (procfs_stat(pids[i], &new->stat) == 0) {
			all->n++;
			continue;
		}
		whole = false;
		witness_note_error(ctx);
	}
	return whole;
}

static void
ask_new(struct search_ctx *ctx, struct plist *all, size_t known)
{
	for (size_t i = known; i < all->n; i++) {
		struct suspect *p = &all->list[i];

		if (!procfs_dead(&p->stat) &&
		    !witness_excluded(ctx, p->stat.pid))
			p->witnesses = witness_ask(ctx, &p->stat);
		all->found |= p->witnesses != 0 && !starting(ctx, p);
	}
}

static bool
all_live(const struct plist *all, size_t known)
{
	struct procfs_stat now;

	for (size_t i = known; i < all->n; i++)
		if (procfs_stat(all->list[i].stat.pid, &now) == -1 ||
		    now.start != all->list[i].stat.start || procfs_dying(&now))
			return false;
	return true;
}

/* One listing: true when no fork can have escaped it. */
static bool
list_once(struct search_ctx *ctx, struct plist *all)
{
	pid_t before = all->last, *pids;
	ssize_t n = procfs_pids(&pids);
	size_t known = all->n;
	bool whole;

	if (n == -1) {
		ctx->error = errno;
		return false;
	}
	whole = list_new(ctx, all, pids, (size_t)n);
	free(pids);
	if (ctx->error != 0)
		return false;
	ask_new(ctx, all, known);
	all->last = procfs_last_pid();
	whole = (all->last == before && before != 0) ||
		(all->last >= before && whole && all_live(all, known));
	if (all->last < before) { /* a known pid may be another's by now */
		all->n = 0;
		all->found = false;
	}
	if (all->n > 0)
		qsort(all->list, all->n, sizeof(*all->list), by_pid);
	return whole;
}

/* Once one is found, the next look is for the others. */
static void
list_all(struct search_ctx *ctx, struct plist *all)
{
	int listings = 0;
	bool whole;

	all->last = procfs_last_pid();
	do
		whole = list_once(ctx, all);
	while (
	    !whole && !all->found && ctx->error == 0 && ++listings < LISTINGS);
	if (!whole && !all->found)
		ctx->unseen = true;
}

static int
by_number(const void *a, const void *b)
{
	const pid_t *p = a, *q = b;

	return (*p > *q) - (*p < *q);
}

/* Each once, in order; returns how many. */
static size_t
sort_unique(pid_t *pids, size_t n)
{
	size_t unique = 0;

	qsort(pids, n, sizeof(*pids), by_number);
	for (size_t i = 0; i < n; i++)
		if (unique == 0 || pids[unique - 1] != pids[i])
			pids[unique++] = pids[i];
	return unique;
}

static void
list_images(struct search_ctx *ctx, struct plist *all)
{
	pid_t pids[RECORD_IMAGES] = { 0 };
	struct image image;
	size_t n = 0;

	for (size_t i = 0; i < RECORD_IMAGES && ctx->record != NULL; i++)
		if (recquery_image(ctx->record, i, &image) &&
		    kill(image.pid, 0) == 0)
			pids[n++] = image.pid;
	n = sort_unique(pids, n);
	(void)list_new(ctx, all, pids, n);
	ask_new(ctx, all, 0);
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
 * May members live that this /proc does not show?  The /proc of the initial
 * pid namespace shows those of all others.
 */
static bool
out_of_sight(const struct search_ctx *ctx)
{
	uint64_t theirs = ctx->record != NULL ? ctx->record->identity.pidns : 0;

	if (procfs_hidden())
		return true;
	if (theirs == 0 || theirs == ctx->pidns)
		return false;
	return ctx->pidns != INITIAL_PIDNS || lived_in(theirs);
}

/* A script that called `release` may map it, too. */
static bool
excluded_maps(const struct search_ctx *ctx)
{
	for (size_t i = 0; i < ctx->nexcluded; i++)
		if (recmaps_has(ctx->excluded[i], &ctx->mapped) == 1)
			return true;
	return false;
}

/*
 * Does a process map the record that was not found?  While one does so that
 * may, only the look tells.
 */
static bool
mapper_missed(struct search_ctx *ctx, const struct stored *s)
{
	if (ctx->writers != WRITERS_SOME)
		return false;
	ctx->explained |= excluded_maps(ctx);
	return ctx->mappers == 0 && !ctx->explained &&
	       store_writers(s) == WRITERS_SOME;
}

int
members_find(struct members *m, const struct stored *s,
    const struct evidence *sockets, enum members_among among)
{
	bool everybody = among != AMONG_IMAGES;
	struct search_ctx ctx;
	struct plist all = { 0 };

	memset(m, 0, sizeof(*m));
	witness_begin(&ctx, s, sockets);
	if (procfs_check() == -1)
		ctx.error = errno;
	if (among == AMONG_OTHERS)
		witness_exclude_descendants(&ctx);
	if (everybody)
		list_all(&ctx, &all);
	else
		list_images(&ctx, &all);
	if (collect(&ctx, &all, m) == -1)
		ctx.error = errno;
	m->unseen = ctx.unseen || (everybody && out_of_sight(&ctx)) ||
		    mapper_missed(&ctx, s);
	m->explained = ctx.explained;
	free(all.list);
	if (ctx.error != 0)
		members_free(m);
	return witness_end(&ctx);
}

void
members_free(struct members *m)
{
	free(m->list);
	m->list = NULL;
	m->n = 0;
}

void
members_exclude_callers(struct members *m, const struct stored *s)
{
	struct search_ctx ctx;
	size_t n = 0;

	witness_begin(&ctx, s, NULL);
	for (size_t i = 0; i < m->n; i++) {
		if (ctx.error != 0)
			m->list[i].witnesses = 0;
		if (!witness_excluded(&ctx, m->list[i].pid))
			m->list[n++] = m->list[i];
	}
	m->n = n;
	(void)witness_end(&ctx);
}

bool
members_proven(const struct member *member)
{
	return witness_proven(member->witnesses);
}
