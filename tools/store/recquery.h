/* SPDX-License-Identifier: ISC */
/*
 * Questions to a record: which call opened a socket, which programs ran.
 * Everything in a record is untrusted; what comes out of here is bounded and
 * printable.
 */
#ifndef RECQUERY_H
#define RECQUERY_H

#include "lease/record.h"

/* The program that opened a socket, and the name that it asked for. */
struct opener {
	uint8_t call; /* enum event_call */
	int32_t pid;
	uint64_t start; /* of the process, ticks; 0 unknown */
	uint64_t when; /* CLOCK_MONOTONIC, nanoseconds */
	struct endpoint asked;
	char path[IMAGE_PATH]; /* of the program, "" unknown */
};

/* Does the record know the socket with this cookie? */
bool recquery_knows(const struct record *r, uint64_t cookie);

/* The call that opened it; false when the record does not know. */
bool recquery_opener(
    const struct record *r, uint64_t cookie, struct opener *opener);

/* The last open of this socket, by this call or (0) any; false unknown. */
bool recquery_event(const struct record *r, uint64_t cookie, uint8_t call,
    struct sockcall *entry);

/* Copy image n; false when the slot is free, unfinished or senseless. */
bool recquery_image(const struct record *r, size_t n, struct image *image);

/* "bind", "connect", "accept". */
const char *recquery_call(uint8_t call);

#endif
