/* SPDX-License-Identifier: ISC */
/*
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
#include "proof/listing.h"
#include "store/recquery.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

enum { LISTINGS = 256 }; /* in one look, before it is given up */

static int
by_pid(const void *a, const void *b)
{
	const struct suspect *p = a, *q = b;

	return (p->stat.pid > q->stat.pid) - (p->stat.pid < q->stat.pid);
}

/* Among the first n. */
static const struct suspect *
find(const struct listing *all, size_t n, pid_t pid)
{
	const struct suspect key = { .stat.pid = pid };

	return n == 0 ? NULL : bsearch(&key, all->list, n, sizeof(key), by_pid);
}

const struct suspect *
listing_find(const struct listing *all, pid_t pid)
{
	return find(all, all->n, pid);
}

bool
listing_starting(const struct search_ctx *ctx, const struct suspect *p)
{
	return p->witnesses == WITNESS_PARENT &&
	       witness_of_owner(ctx, &p->stat);
}

/* Add these that are not known yet; false when one of them has gone. */
static bool
list_new(
    struct search_ctx *ctx, struct listing *all, const pid_t *pids, size_t n)
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
ask_new(struct search_ctx *ctx, struct listing *all, size_t known)
{
	for (size_t i = known; i < all->n; i++) {
		struct suspect *p = &all->list[i];

		if (!procfs_dead(&p->stat) &&
		    !witness_excluded(ctx, p->stat.pid))
			p->witnesses = witness_ask(ctx, &p->stat);
		all->found |= p->witnesses != 0 && !listing_starting(ctx, p);
	}
}

static bool
all_live(const struct listing *all, size_t known)
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
list_once(struct search_ctx *ctx, struct listing *all)
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
void
listing_all(struct search_ctx *ctx, struct listing *all)
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

void
listing_images(struct search_ctx *ctx, struct listing *all)
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
