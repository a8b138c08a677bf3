/* SPDX-License-Identifier: ISC */
/* Signals to the members of a lease, and waiting for them. */
#ifndef ENDING_H
#define ENDING_H

#include "proof/members.h"

/*
 * Ask the proven ones to end, and wait for that at most grace milliseconds.
 * Returns how many of them are left.
 */
size_t ending_ask(const struct members *m, int sig, int64_t grace);

/*
 * Wait at most ms for the proven ones to end.  Returns how many are left; one
 * of which we cannot know counts as left.
 */
size_t ending_wait(const struct members *m, int64_t ms);

/*
 * Give those with one witness a tenth of a second to end: they are never
 * signalled, but a dying process shows less and less of itself.  The ones that
 * ended, and the callers of `portlease release`, are dropped from the list.
 * Returns how many with one witness are left.
 */
size_t ending_unproven(struct members *m, const struct stored *s);

/*
 * Stop each proven one as soon as it is seen, the youngest first: one that
 * forks and exits all the time would be gone before a whole pass is over.  When
 * no other is seen, all that were stopped get SIGKILL, and are waited for until
 * then (clock_ms): one that died alone would leave children without the parent
 * that vouches for them.  Returns how many were killed.
 */
size_t ending_kill(
    const struct stored *s, const struct evidence *sockets, int64_t until);

#endif
