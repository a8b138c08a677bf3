/* SPDX-License-Identifier: ISC */
/* Every process is asked for its witnesses; then parents vouch for children. */
#include "proof/members.h"
#include "base/grow.h"
#include "proof/listing.h"
#include "store/recquery.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* PROC_PID_INIT_INO in Linux, include/linux/proc_ns.h. */
#define INITIAL_PIDNS 0xeffffffcU

int
members_add(struct members *m, const struct member *one)
{
	struct member *list;

	for (size_t i = 0; i < m->n; i++)
		if (m->list[i].pid == one->pid &&
		    m->list[i].start == one->start)
			return 0;
	list = grow(m->list, m->n, sizeof(*list));
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

static bool
parent_proven(const struct listing *all, const struct procfs_stat *p)
{
	const struct suspect *parent = listing_find(all, p->ppid);

	return parent != NULL && parent->stat.start <= p->start &&
	       witness_proven(parent->witnesses);
}

/* Until nothing changes: a parent may have the higher pid. */
static void
ask_parents(const struct search_ctx *ctx, struct listing *all)
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

static int
collect(const struct search_ctx *ctx, struct listing *all, struct members *m)
{
	int rc = 0;

	ask_parents(ctx, all);
	for (size_t i = 0; i < all->n && rc == 0; i++) {
		const struct suspect *p = &all->list[i];

		if (listing_starting(ctx, p))
			m->starting++;
		else if (p->witnesses != 0)
			rc = add(m, p);
	}
	return rc;
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
	struct listing all = { 0 };

	memset(m, 0, sizeof(*m));
	witness_begin(&ctx, s, sockets);
	if (procfs_check() == -1)
		ctx.error = errno;
	if (among == AMONG_OTHERS)
		witness_exclude_descendants(&ctx);
	if (everybody)
		listing_all(&ctx, &all);
	else
		listing_images(&ctx, &all);
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
