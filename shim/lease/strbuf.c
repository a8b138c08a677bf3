/* SPDX-License-Identifier: ISC */
#include "lease/strbuf.h"

struct strbuf
strbuf_in(char *buf, size_t size)
{
	return (struct strbuf){ buf, buf + size, size == 0 };
}

void
strbuf_char(struct strbuf *t, char c)
{
	if (t->end - t->at <= 1)
		t->full = true;
	else
		*t->at++ = c;
}

void
strbuf_add(struct strbuf *t, const char *s)
{
	while (*s)
		strbuf_char(t, *s++);
}

void
strbuf_number(struct strbuf *t, uint32_t n, uint32_t base)
{
	char digits[12];
	size_t i = 0;

	do {
		digits[i++] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n > 0);
	while (i > 0)
		strbuf_char(t, digits[--i]);
}

void
strbuf_ip4(struct strbuf *t, uint32_t ip)
{
	for (int shift = 24; shift >= 0; shift -= 8) {
		strbuf_number(t, ip >> shift & 0xff, 10);
		if (shift > 0)
			strbuf_char(t, '.');
	}
}

bool
strbuf_end(struct strbuf *t)
{
	if (t->at < t->end)
		*t->at = '\0';
	return !t->full;
}
