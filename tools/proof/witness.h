/* SPDX-License-Identifier: ISC */
/*
 * How a process is proven to be the lease's when ancestry cannot tell: one
 * that `portlease exec` started, or any of them once their monitor is lost.
 *
 * Pids are reused, environments copied, and a descriptor may be passed to a
 * stranger, so no single sign is believed.  A process is the lease's when two
 * witnesses of different origin say so; no other is ever signalled.
 */
#ifndef WITNESS_H
#define WITNESS_H

#include "kernel/procfs.h"
#include "kernel/recmaps.h"
#include "proof/evidence.h"
#include "store/store.h"

enum {
	WITNESS_RECORD = 1, /* the record lists its pid and start time, or a
			       socket that it holds and that nothing else
			       calls the lease's */
	WITNESS_MARK = 2, /* its environment names the record */
	WITNESS_SOCKET = 4, /* it holds a socket on the leased address */
	WITNESS_MAPPING = 16, /* it maps the record, as the kernel shows */
	WITNESS_PARENT = 8 /* its parent is proven, or is the owner of an
			      acquired lease; the owner's children are known
			      from the record alone, so that this one does not
			      count beside WITNESS_RECORD */
};

/* One search for processes of a lease, and what it has to know. */
struct search_ctx {
	const struct record *record; /* NULL: unreadable, or past */
	const char *path; /* of the record */
	const struct evidence *sockets; /* of the lease, or NULL */
	uint64_t pidns; /* ours */
	pid_t owner; /* of a lease without a command; 0 none, or gone */
	enum writers writers; /* which processes may map the record */
	struct recmaps_file mapped; /* the record, when some may do so */
	size_t mappers; /* processes found that do */
	bool explained; /* one that does is excluded, or a tool of ours */
	pid_t *excluded; /* from the heap: never members, see below */
	size_t nexcluded;
	bool unseen; /* a member could not be looked at in full */
	int error; /* errno: what we ran short of; 0 nothing */
};

/*
 * Begin a search for the processes of s.  Excluded are ourselves, the lease's
 * owner, the callers of `portlease release`, and the ancestors of all these:
 * they outlive the lease.  s and sockets must outlive the search.
 */
void witness_begin(struct search_ctx *ctx, const struct stored *s,
    const struct evidence *sockets);

/* Exclude our descendants, too: waitid(2) speaks for them. */
void witness_exclude_descendants(struct search_ctx *ctx);

/*
 * End it.  0; -1 with errno when something could not be found out for want of
 * descriptors or memory, so that no result of the search can be relied on.
 */
int witness_end(struct search_ctx *ctx);

bool witness_excluded(const struct search_ctx *ctx, pid_t pid);

/* The witnesses that a process has for itself, WITNESS_*. */
unsigned int witness_ask(
    struct search_ctx *ctx, const struct procfs_stat *process);

/* Was it started by the owner of an acquired lease, during the lease? */
bool witness_of_owner(
    const struct search_ctx *ctx, const struct procfs_stat *process);

/* Do these suffice? */
bool witness_proven(unsigned int witnesses);

/* After a call that failed: note it when the cause was our own shortage. */
void witness_note_error(struct search_ctx *ctx);

#endif
