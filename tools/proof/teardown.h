/* SPDX-License-Identifier: ISC */
/*
 * The end of a lease, for each of its causes: the end of a run, `release`,
 * `reap`.  In this order, because only this order proves: end the members,
 * wait until the kernel has let go of their sockets, judge what is left; and
 * from the last count of the members to the end of the record none comes in.
 */
#ifndef TEARDOWN_H
#define TEARDOWN_H

#include "proof/members.h"
#include "proof/outside.h"
#include "proof/proof.h"
#include "proof/stragglers.h"

struct teardown_policy {
	/*
	 * Where to look for members.  AMONG_IMAGES is for a monitor whose
	 * waitid(2) speaks for its descendants: all others are looked at, too,
	 * as soon as a process maps the record that may not be one of these.
	 */
	enum members_among among;
	int sig; /* to ask with */
	int64_t grace; /* milliseconds from the first one asked to SIGKILL */
	int64_t patience; /* milliseconds that nobody is asked */
	bool dry_run; /* find and judge only */
	/* SIGKILL did not end all descendants; of them /proc shows stuck. */
	bool unended;
	unsigned int stuck;
	/* Members that were asked, and what they had outside; both or NULL. */
	struct stragglers *stragglers;
	struct outside *outside;
};

struct teardown {
	enum verdict verdict;
	struct evidence evidence;
	bool held; /* store_hold, so that no program enters before the record
		      is removed; only with a verdict that frees */
	/* From the heap, for teardown_free. */
	struct members left; /* by the last look */
	struct members asked; /* to end */
};

/*
 * End the lease of s, whose monitor the caller is, or has proven lost.  diag
 * may be NULL, which makes the verdict UNKNOWN.  Frees nothing: that is the
 * caller's, by the verdict.
 */
void teardown(const struct stored *s, struct sockdiag *diag,
    const struct teardown_policy *how, struct teardown *out);

void teardown_free(struct teardown *out);

#endif
