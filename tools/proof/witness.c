/* SPDX-License-Identifier: ISC */
/* Each witness is one look: at the record, /proc/PID/environ, /proc/PID/fd. */
#include "proof/witness.h"
#include "base/grow.h"
#include "kernel/proctree.h"
#include "kernel/reclock.h"
#include "store/recquery.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool
witness_excluded(const struct search_ctx *ctx, pid_t pid)
{
	for (size_t i = 0; i < ctx->nexcluded; i++)
		if (ctx->excluded[i] == pid)
			return true;
	return pid <= 1;
}

void
witness_note_error(struct search_ctx *ctx)
{
	if (procfs_starved(errno))
		ctx->error = errno;
}

static bool
exclude(struct search_ctx *ctx, pid_t pid)
{
	pid_t *more;

	more = grow(ctx->excluded, ctx->nexcluded, sizeof(*more));
	if (more == NULL) {
		ctx->error = ENOMEM;
		return false;
	}
	ctx->excluded = more;
	ctx->excluded[ctx->nexcluded++] = pid;
	return true;
}

static void
exclude_line(struct search_ctx *ctx, pid_t pid)
{
	struct procfs_stat st;

	while (!witness_excluded(ctx, pid) && exclude(ctx, pid)) {
		if (procfs_stat(pid, &st) == -1) {
			witness_note_error(ctx);
			break;
		}
		pid = st.ppid;
	}
}

static void
exclude_caller(pid_t pid, void *arg)
{
	exclude_line(arg, pid);
}

void
witness_exclude_descendants(struct search_ctx *ctx)
{
	struct procfs_stat *list;
	ssize_t n = proctree_descendants(getpid(), &list);

	if (n == -1)
		ctx->error = errno;
	for (ssize_t i = 0; i < n; i++)
		(void)exclude(ctx, list[i].pid);
	free(list);
}

static void
exclude_owner(struct search_ctx *ctx)
{
	const struct identity *id = &ctx->record->identity;
	struct procfs_stat st;

	if (procfs_stat(id->owner, &st) == -1) {
		witness_note_error(ctx);
		return;
	}
	if (st.start != id->owner_start)
		return;
	exclude_line(ctx, id->owner);
	if (id->command_start == 0)
		ctx->owner = id->owner;
}

void
witness_begin(struct search_ctx *ctx, const struct stored *s,
    const struct evidence *sockets)
{
	memset(ctx, 0, sizeof(*ctx));
	ctx->record = store_witness(s);
	ctx->path = s->path;
	ctx->sockets = sockets;
	(void)procfs_namespace("pid", &ctx->pidns);
	ctx->writers = store_writers(s);
	if (ctx->writers != WRITERS_NONE &&
	    recmaps_file(s->fd, &ctx->mapped) == -1)
		ctx->error = errno;
	exclude_line(ctx, getpid());
	if (s->fd != -1)
		reclock_callers(s->fd, exclude_caller, ctx);
	if (ctx->record != NULL)
		exclude_owner(ctx);
}

int
witness_end(struct search_ctx *ctx)
{
	free(ctx->excluded);
	errno = ctx->error;
	return ctx->error != 0 ? -1 : 0;
}

static bool
in_record(const struct search_ctx *ctx, const struct procfs_stat *p)
{
	const struct identity *id;
	struct image image;

	if (ctx->record == NULL)
		return false;
	id = &ctx->record->identity;
	if (id->command == p->pid && id->command_start == p->start &&
	    id->pidns == ctx->pidns)
		return true;
	for (size_t i = 0; i < RECORD_IMAGES; i++)
		if (recquery_image(ctx->record, i, &image) &&
		    image.pid == p->pid && image.start == p->start &&
		    (image.pidns == 0 || image.pidns == ctx->pidns))
			return true;
	return false;
}

static unsigned int
witness_of(const struct evidence *sockets, uint32_t inode)
{
	unsigned int witness = 0;

	for (size_t i = 0; i < sockets->nleft; i++) {
		if (sockets->left[i].socket.inode != inode || inode == 0)
			continue;
		if (sockets->left[i].kind == LEFT_LEASE)
			return WITNESS_SOCKET;
		if (sockets->left[i].kind == LEFT_RECORD)
			witness = WITNESS_RECORD;
	}
	return witness;
}

/*
 * Programs of the lease write the record, so it is one witness and no more: a
 * process that it lists, with a socket that it lists, has one.
 */
static unsigned int
ask_sockets(struct search_ctx *ctx, pid_t pid)
{
	unsigned int all = 0;
	uint32_t *inodes;
	ssize_t n;

	if (ctx->sockets == NULL || ctx->sockets->nleft == 0)
		return 0;
	n = procfs_sockets(pid, &inodes);
	if (n == -1)
		witness_note_error(ctx);
	for (ssize_t i = 0; i < n; i++)
		all |= witness_of(ctx->sockets, inodes[i]);
	free(inodes);
	return all & WITNESS_SOCKET ? WITNESS_SOCKET : all;
}

/* One of our own tools that watches the lease is no member of it. */
static unsigned int
ask_mapping(struct search_ctx *ctx, pid_t pid)
{
	int rc =
	    ctx->writers == WRITERS_NONE ? 0 : recmaps_has(pid, &ctx->mapped);

	if (rc == -1)
		witness_note_error(ctx);
	if (rc != 1)
		return 0;
	ctx->mappers++;
	if (!recmaps_tool(pid))
		return WITNESS_MAPPING;
	ctx->explained = true;
	return 0;
}

bool
witness_of_owner(const struct search_ctx *ctx, const struct procfs_stat *p)
{
	return ctx->owner != 0 && p->ppid == ctx->owner &&
	       p->start >= ctx->record->identity.start;
}

bool
witness_proven(unsigned int witnesses)
{
	return __builtin_popcount(witnesses) >= 2;
}

unsigned int
witness_ask(struct search_ctx *ctx, const struct procfs_stat *p)
{
	unsigned int w = 0;
	int rc;

	if (in_record(ctx, p))
		w |= WITNESS_RECORD;
	rc = procfs_environ_has(p->pid, "PORTLEASE_RECORD=", ctx->path);
	if (rc == 1)
		w |= WITNESS_MARK;
	if (rc == -1) {
		witness_note_error(ctx);
		if (w != 0 && (errno == EACCES || errno == EPERM))
			ctx->unseen = true;
	}
	w |= ask_sockets(ctx, p->pid) | ask_mapping(ctx, p->pid);
	if (witness_of_owner(ctx, p) && !(w & WITNESS_RECORD))
		w |= WITNESS_PARENT;
	return w;
}
