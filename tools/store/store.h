/* SPDX-License-Identifier: ISC */
/*
 * Records as files in a state directory.  A record appears under its name
 * only when it is complete, and vanishes when its lease is freed.
 */
#ifndef STORE_H
#define STORE_H

#include "base/ipc.h"
#include "kernel/procfs.h"
#include "kernel/recmaps.h"
#include "lease/record.h"
#include "store/statedir.h"

#include <limits.h>

struct stored {
	struct record *record; /* mapped; NULL when it is unreadable */
	struct terms terms; /* a copy of the record's; of one that cannot be
			       read what its name tells: no port, so all */
	uint32_t ip; /* from its name, host byte order */
	uint64_t netns; /* from its name */
	int error; /* why record is NULL: EBADMSG, EISDIR, EACCES, ... */
	int fd; /* read-only, reclock.h; -1 when STORE_READ has mapped it */
	bool counted; /* the kernel counts the mappings of fd; recmaps.h */
	bool live; /* its monitor lived when it was mapped; reclock.h */
	bool past; /* of another boot: only its terms say something */
	char name[48];
	char path[PATH_MAX];
};

/*
 * What the record can bear witness of: nothing (NULL) when it is of another
 * boot, or cannot be read.
 */
static inline const struct record *
store_witness(const struct stored *s)
{
	return s->past ? NULL : s->record;
}

/*
 * Create and map the record of a lease with these terms, all of it allocated.
 * The caller is its monitor until store_unmap or its death, fills in the
 * identity and calls store_publish, until when nobody sees it.  0; -1 with
 * errno: ENOSPC, EDQUOT, EROFS.
 */
int store_create(const struct statedir *dir, const struct terms *terms,
    uint64_t netns, struct stored *s);

/* Fill in the identity: the caller is the monitor, for this request. */
void store_identify(struct stored *s, const struct ipc_request *r);

int store_publish(const struct statedir *dir, const struct stored *s);

/*
 * Is this identity of another boot than this one (procfs_boot_id, "" unknown)?
 * Then its pids, times and cookies are nobody's, and whatever has them now is
 * a stranger.
 */
bool store_past(
    const struct identity *id, const char boot[static PROCFS_BOOT_ID]);

/* Does the state directory hold a record of this address? */
bool store_has(const struct statedir *dir, uint32_t ip, uint64_t netns);

/*
 * How a record is mapped.  A mapping for writing counts as a process of the
 * lease (recmaps.h), as long as it lasts.
 */
enum store_access {
	STORE_READ,
	STORE_HOLD, /* for reading, and its descriptor stays open */
	STORE_END, /* the same, to end the lease: sees whether mappings are
		      counted */
	STORE_WRITE /* for writing, and a descriptor for reading stays open */
};

/*
 * Map the record with this name.  Never fails: see error, which is ENOENT,
 * too, when it was removed meanwhile.
 */
void store_map(const struct statedir *dir, const char *name,
    enum store_access access, struct stored *s);
void store_unmap(struct stored *s);

/* Which processes map the record for writing?  None without a descriptor. */
enum writers store_writers(const struct stored *s);

/*
 * In the monitor: keep the mapping, but for reading alone, so that we are no
 * writer of the record; and for writing again, until we exit.  When that
 * fails, what is written is seen by nobody.
 */
void store_seal(struct stored *s);
void store_unseal(struct stored *s);

/*
 * The same as store_writers; and when there is none, no program can enter the
 * lease from now on, until the record is removed or let go.
 */
enum writers store_hold(const struct stored *s);
void store_let_go(const struct stored *s);

/*
 * Remove the file.  held: by store_hold, which is over then; otherwise a
 * program that has it mapped is told that its lease is over.  0; -1 with
 * errno.
 */
int store_remove(const struct statedir *dir, const struct stored *s, bool held);

#endif
