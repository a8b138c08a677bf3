/* SPDX-License-Identifier: ISC */
/*
 * The terms of a lease as one line of text, the value of PORTLEASE_TERMS:
 *
 *	1;127.80.3.1;slice;1883,9925-9927;10.0.0.5,fe80::1;flags
 *
 * version; leased address; "slice" or "adopt"; declared ports; addresses of
 * the host's own interfaces; letters for flags (t trap, s said, m marked).
 * Pure, no heap, no locale, async-signal-safe.  The text is untrusted input.
 */
#ifndef TERMS_H
#define TERMS_H

#include "lease/slice.h"

/*
 * Write the text; returns its length, or 0 when size does not hold it, or
 * these cannot be terms.
 */
size_t terms_format(const struct terms *t, char *text, size_t size);

/* Read the text; false, with t unspecified, when it is malformed. */
bool terms_parse(struct terms *t, const char *text);

/*
 * Read "9925-9927,1883" into t->ports, sorted and merged.  False when it is
 * empty or malformed, names port 0 or one above 65535, or has too many
 * ranges.
 */
bool terms_parse_ports(struct terms *t, const char *text);

/* Write t->ports as "9925-9927,1883", cut at size, which is not 0. */
void terms_format_ports(const struct terms *t, char *text, size_t size);

/*
 * Add one range to such a list that is at bytes long so far.  Returns its new
 * length; size - 1 once it was cut.
 */
size_t terms_add_range(
    char *text, size_t at, size_t size, struct port_range range);

/* Declare the ports of another, too; false when they are too many ranges. */
bool terms_add_ports(struct terms *t, const struct terms *more);

/* Do the terms make sense?  For terms that came from a mapped record. */
bool terms_valid(const struct terms *t);

#endif
