/* SPDX-License-Identifier: ISC */
/*
 * One pass over /proc, each process asked for its witnesses; then parents
 * vouch for their children.
 */
#include "proof/members.h"
#include "kernel/recmaps.h"
#include "store/recquery.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* PROC_PID_INIT_INO in Linux, include/linux/proc_ns.h. */
#define INITIAL_PIDNS 0xeffffffcU

/* Processes in the order of their pids, and the witnesses of each. */
struct plist {
	struct procfs_stat *list; /* heap */
	unsigned int *witnesses; /* heap */
	size_t n;
};

static int
add(struct members *m, const struct procfs_stat *p, unsigned int witnesses)
{
	struct member *new;

	new = reallocarray(m->list, m->n + 1, sizeof(*new));
	if (new == NULL)
		return -1;
	m->list = new;
	new = &m->list[m->n++];
	*new = (struct member){
		.pid = p->pid, .start = p->start, .witnesses = witnesses
	};
	if (procfs_cmdline(p->pid, new->line, sizeof(new->line)) == -1)
		new->line[0] = '\0';
	return 0;
}

static int
by_pid(const void *a, const void *b)
{
	const struct procfs_stat *p = a, *q = b;

	return (p->pid > q->pid) - (p->pid < q->pid);
}

static bool
parent_proven(const struct plist *all, const struct procfs_stat *p)
{
	const struct procfs_stat key = { .pid = p->ppid };
	const struct procfs_stat *parent =
	    bsearch(&key, all->list, all->n, sizeof(key), by_pid);

	return parent != NULL && parent->start <= p->start &&
	       witness_proven(all->witnesses[parent - all->list]);
}

/* Until nothing changes: a parent may have the higher pid. */
static void
ask_parents(const struct search_ctx *ctx, struct plist *all)
{
	bool changed;

	do {
		changed = false;
		for (size_t i = 0; i < all->n; i++) {
			const struct procfs_stat *p = &all->list[i];

			if (all->witnesses[i] & WITNESS_PARENT ||
			    procfs_dead(p) || witness_excluded(ctx, p->pid) ||
			    !parent_proven(all, p))
				continue;
			all->witnesses[i] |= WITNESS_PARENT;
			changed = true;
		}
	} while (changed);
}

static int
ask_all(struct search_ctx *ctx, struct plist *all, struct members *m)
{
	int rc = 0;

	all->witnesses = calloc(all->n + 1, sizeof(*all->witnesses));
	if (all->witnesses == NULL)
		return -1;
	for (size_t i = 0; i < all->n; i++)
		if (!procfs_dead(&all->list[i]) &&
		    !witness_excluded(ctx, all->list[i].pid))
			all->witnesses[i] = witness_ask(ctx, &all->list[i]);
	ask_parents(ctx, all);
	for (size_t i = 0; i < all->n && rc == 0; i++) {
		/* The owner's fork, with no other witness, is none yet. */
		if (all->witnesses[i] == WITNESS_PARENT &&
		    witness_of_owner(ctx, &all->list[i]))
			m->starting++;
		else if (all->witnesses[i] != 0)
			rc = add(m, &all->list[i], all->witnesses[i]);
	}
	free(all->witnesses);
	return rc;
}

static bool
listed(const struct plist *all, pid_t pid)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->list[i].pid == pid)
			return true;
	return false;
}

static int
list_images(struct search_ctx *ctx, struct plist *all)
{
	struct image image;

	all->list = calloc(RECORD_IMAGES, sizeof(*all->list));
	if (all->list == NULL)
		return -1;
	for (size_t i = 0; i < RECORD_IMAGES && ctx->record != NULL; i++) {
		if (!recquery_image(ctx->record, i, &image) ||
		    listed(all, image.pid) || kill(image.pid, 0) == -1)
			continue;
		if (procfs_stat(image.pid, &all->list[all->n]) == 0)
			all->n++;
		else
			witness_note_error(ctx);
	}
	qsort(all->list, all->n, sizeof(*all->list), by_pid);
	return 0;
}

static int
list_all(struct plist *all)
{
	ssize_t n = procfs_list(&all->list);

	all->n = n == -1 ? 0 : (size_t)n;
	return n == -1 ? -1 : 0;
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

/* Excluded processes, a script that called `release`, may map it, too. */
static bool
mapper_missed(struct search_ctx *ctx)
{
	for (size_t i = 0; i < ctx->nexcluded && ctx->mapped != -1; i++)
		ctx->mappers += recmaps_has(ctx->excluded[i], ctx->mapped) == 1;
	return ctx->mapped != -1 && ctx->mappers == 0;
}

int
members_find(struct members *m, const struct stored *s,
    const struct evidence *sockets, enum members_among among)
{
	bool everybody = among != AMONG_IMAGES;
	struct search_ctx ctx;
	struct plist all = { 0 };
	int rc;

	memset(m, 0, sizeof(*m));
	witness_begin(&ctx, s, sockets);
	if (procfs_check() == -1)
		ctx.error = errno;
	if (among == AMONG_OTHERS)
		witness_exclude_descendants(&ctx);
	rc = everybody ? list_all(&all) : list_images(&ctx, &all);
	if (rc == 0)
		rc = ask_all(&ctx, &all, m);
	if (rc == -1)
		ctx.error = errno;
	m->unseen = ctx.unseen || (everybody && out_of_sight(&ctx)) ||
		    mapper_missed(&ctx);
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
