/* SPDX-License-Identifier: ISC */
/*
 * Writing text into a buffer of fixed size, without stdio and locale.
 * Async-signal-safe.
 */
#ifndef STRBUF_H
#define STRBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf {
	char *at; /* where the next character goes */
	char *end; /* behind the buffer */
	bool full; /* it did not hold all of the text */
};

struct strbuf strbuf_in(char *buf, size_t size);
void strbuf_char(struct strbuf *t, char c);
void strbuf_add(struct strbuf *t, const char *s);
void strbuf_number(struct strbuf *t, uint32_t n, uint32_t base);

/* A dotted quad; ip is in host byte order. */
void strbuf_ip4(struct strbuf *t, uint32_t ip);

/* Terminate the text; false when it did not fit. */
bool strbuf_end(struct strbuf *t);

#endif
