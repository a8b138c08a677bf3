/* SPDX-License-Identifier: ISC */
/*
 * Finishing what a lost monitor left: end the processes that two witnesses
 * call the lease's, prove the address, and remove the record.
 */
#ifndef REAPER_H
#define REAPER_H

#include "proof/members.h"
#include "proof/proof.h"
#include "store/statedir.h"
#include "store/store.h"

struct reaping {
	int sig;
	int64_t grace; /* milliseconds */
	bool dry_run; /* find and prove only */
};

struct reaped {
	enum verdict verdict;
	struct members tenants; /* found; the caller frees */
	size_t left; /* of them, not ended */
	struct evidence evidence;
	int stays; /* errno: it could not be removed, and keeps the address */
};

/*
 * Finish the orphan.  The caller holds its sentinel, which proves that no
 * monitor does.  s is mapped.  With an unreadable one only marks, sockets and
 * parents tell who is the lease's, and every socket on its address counts;
 * with one of another boot its terms count, and no more of it.
 * The record is removed when the verdict is CLEAN or COOLING.
 */
void reaper_finish(const struct statedir *dir, struct stored *s,
    const struct reaping *how, struct reaped *out);

#endif
