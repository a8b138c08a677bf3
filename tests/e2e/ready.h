/* SPDX-License-Identifier: ISC */
/* What the stories about readiness expect of a run. */
#ifndef READY_H
#define READY_H

#include "story.h"

#define SLOWBOOT GUEST("slowboot")
#define HUNG     "HUNG: asleep for * s, the idle limit; "
#define SHORT    "--idle-limit", "600ms"

/*
 * It has ended with this status, and said why in a line about its address; or
 * that this process was doing that.  Patterns, as of story_line().
 */
void ready_expect_not(const struct run *r, int status, const char *why);
void ready_expect_doing(
    const struct run *r, const char *command, const char *what);
/* Its status lines say so.  It runs on until it is told to end. */
void ready_expect(struct run *r);

#endif
