/* SPDX-License-Identifier: ISC */
/* What people are told of the end of a lease, a line a finding. */
#ifndef FINDINGS_H
#define FINDINGS_H

#include "run/conclude.h"

/* Tell of our descendants that SIGKILL did not end; returns how many. */
unsigned int findings_stuck(struct record *record, const char *ip);

/* Tell of stragglers, of what is left, and of the verdict, as o asks. */
void findings_tell(const struct outcome *out, const struct options *o,
    const struct evidence *e, struct record *record);

#endif
