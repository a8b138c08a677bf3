/* SPDX-License-Identifier: ISC */
/* What the stories about readiness expect of a run. */
#ifndef READY_H
#define READY_H

#include "story.h"

#define SLOWBOOT GUEST("slowboot")
#define SHORT    "--idle-limit", "600ms"

/* It has ended with this status, and said so on stderr. */
void ready_expect_not(const struct run *r, int status, const char *verdict);
/* Its status lines say so.  It runs on until it is told to end. */
void ready_expect(struct run *r);

#endif
