/* SPDX-License-Identifier: ISC */
/* The lines on stderr at the end of a lease: one for each finding. */
#ifndef REPORT_H
#define REPORT_H

#include "base/options.h"
#include "base/text.h"
#include "proof/members.h"
#include "proof/outside.h"
#include "proof/proof.h"
#include "proof/stragglers.h"
#include "ready/status.h"

struct report {
	const char *ip;
	struct record *record; /* keeps the lines for `release`, too */
	const struct stragglers *stragglers;
	const struct outside *outside;
	const struct evidence *evidence;
	const struct members *members; /* found by the last look */
	enum verdict verdict;
	const char *reason;
	bool leaked;
};

/* Print stragglers, what is left, and the verdict, as the options ask. */
void report_end(const struct report *r, const struct options *o);

/*
 * The same as status lines: an event for each straggler, uncovered program and
 * socket outside, whatever the options say.
 */
void report_events(const struct report *r, struct status *status);

/* What kept the shim out of an image with these flags: "static" and so on. */
const char *report_uncovered_by(uint32_t flags);

/* The most uncovered programs listed: one may be started again and again. */
enum { REPORT_UNCOVERED = 16 };

/* Print our descendants that SIGKILL did not end; returns how many. */
unsigned int report_stuck(struct record *record, const char *ip);

/* "127.1.2.3:80 LISTEN held by pid 42 (server)" */
enum { REPORT_LEFT = TEXT_ENDPOINT + HOLDER_LINE + 48 };
char *report_left(const struct leftover *left, char text[static REPORT_LEFT]);

#endif
