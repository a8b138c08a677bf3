/* SPDX-License-Identifier: ISC */
/* From evidence to verdict: an ordered table of rules, pure. */
#ifndef PROOF_H
#define PROOF_H

#include "proof/evidence.h"

enum verdict {
	VERDICT_CLEAN, /* nothing is left */
	VERDICT_COOLING, /* only what time removes is left */
	VERDICT_HELD, /* somebody still has a part of it */
	VERDICT_UNKNOWN /* something could not be seen: never freed */
};

enum verdict proof_of(const struct evidence *e);

/* May the address be used again after this verdict? */
bool proof_frees(enum verdict verdict);

/* "CLEAN", "COOLING", "HELD", "UNKNOWN". */
const char *proof_name(enum verdict verdict);

/* Why, in a few words, for people. */
void proof_reason(const struct evidence *e, char *text, size_t size);

#endif
