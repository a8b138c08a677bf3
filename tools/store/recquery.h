/* SPDX-License-Identifier: ISC */
/*
 * The record, folded: who opened a socket, which images live.  Everything in
 * a record is untrusted; what comes out of here is bounded and printable.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include "lease/record.h"

/* Who opened a socket, and under which name. */
struct opener {
	uint8_t call; /* enum open_call */
	int32_t pid;
	uint64_t when; /* CLOCK_MONOTONIC, nanoseconds */
	struct endpoint asked;
	char path[IMAGE_PATH]; /* of the program, "" unknown */
};

/* Does the record know the socket with this cookie? */
bool ledger_knows(const struct record *r, uint64_t cookie);

/* The call that opened it; false when the record does not know. */
bool ledger_opener(
    const struct record *r, uint64_t cookie, struct opener *opener);

/* The last open of this socket, by this call or (0) any; false unknown. */
bool ledger_open(const struct record *r, uint64_t cookie, uint8_t call,
    struct opened *entry);

/* Copy image n; false when the slot is free, unfinished or senseless. */
bool ledger_image(const struct record *r, size_t n, struct image *image);

/* "bind", "connect", "accept". */
const char *ledger_call(uint8_t call);

/* "127.0.0.1:9925", "[::]:9933": INET6_ADDRSTRLEN + 9 bytes. */
enum { LEDGER_ENDPOINT = 56 };
void ledger_endpoint(
    const struct endpoint *ep, char text[static LEDGER_ENDPOINT]);

#endif
