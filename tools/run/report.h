/* SPDX-License-Identifier: ISC */
/* What people are told of the end of a lease, a line a finding. */
#ifndef REPORT_H
#define REPORT_H

#include "run/conclude.h"

/* Tell of our descendants that SIGKILL did not end; returns how many. */
unsigned int report_stuck(struct record *record, const char *ip);

/* Tell of stragglers, of what is left, and of the verdict, as o asks. */
void report_end(const struct outcome *out, const struct options *o,
    const struct evidence *e, struct record *record);

#endif
