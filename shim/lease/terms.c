/* SPDX-License-Identifier: ISC */
/*
 * The text form of the terms.  Reading walks the text once with a cursor
 * that stays put on anything malformed; writing fills a bounded buffer.
 */
#include "lease/terms.h"

#include "lease/strbuf.h"

#include <arpa/inet.h>
#include <string.h>

enum { TERMS_VERSION = 1 };

static const struct {
	char letter;
	uint32_t flag;
} letters[] = {
	{ 't', TERMS_TRAP },
	{ 's', TERMS_SAID },
	{ 'm', TERMS_BYPASS },
};

enum { LETTERS = sizeof(letters) / sizeof(*letters) };

static void
put_addr(struct strbuf *w, const struct in6_addr *addr)
{
	struct endpoint ep = { .addr = *addr };

	if (IN6_IS_ADDR_V4MAPPED(addr)) {
		strbuf_ip4(w, endpoint_ip4(&ep));
		return;
	}
	for (size_t i = 0; i < 16; i += 2) {
		if (i > 0)
			strbuf_char(w, ':');
		strbuf_number(w,
		    (uint32_t)addr->s6_addr[i] << 8 | addr->s6_addr[i + 1], 16);
	}
}

static void
put_range(struct strbuf *w, struct port_range range)
{
	strbuf_number(w, range.first, 10);
	if (range.last != range.first) {
		strbuf_char(w, '-');
		strbuf_number(w, range.last, 10);
	}
}

static void
put_ports(struct strbuf *w, const struct terms *t)
{
	for (uint32_t i = 0; i < t->nports; i++) {
		if (i > 0)
			strbuf_char(w, ',');
		put_range(w, t->ports[i]);
	}
}

void
terms_format_ports(const struct terms *t, char *text, size_t size)
{
	struct strbuf w = strbuf_in(text, size);

	put_ports(&w, t);
	(void)strbuf_end(&w);
}

size_t
terms_add_range(char *text, size_t at, size_t size, struct port_range range)
{
	struct strbuf w = strbuf_in(text + at, size - at);

	if (at > 0)
		strbuf_char(&w, ',');
	put_range(&w, range);
	(void)strbuf_end(&w);
	return (size_t)(w.at - text);
}

size_t
terms_format(const struct terms *t, char *text, size_t size)
{
	struct strbuf w = strbuf_in(text, size);

	if (t->nports > TERMS_PORTS || t->nown > TERMS_OWN)
		return 0;
	strbuf_number(&w, TERMS_VERSION, 10);
	strbuf_char(&w, ';');
	strbuf_ip4(&w, t->leased);
	strbuf_add(&w, t->flags & TERMS_ADOPTED ? ";adopt;" : ";slice;");
	put_ports(&w, t);
	strbuf_char(&w, ';');
	for (uint32_t i = 0; i < t->nown; i++) {
		if (i > 0)
			strbuf_char(&w, ',');
		put_addr(&w, &t->own[i]);
	}
	strbuf_char(&w, ';');
	for (size_t i = 0; i < LETTERS; i++)
		if (t->flags & letters[i].flag)
			strbuf_char(&w, letters[i].letter);
	return strbuf_end(&w) ? (size_t)(w.at - text) : 0;
}

/* A decimal number of at most five digits, no sign, no blank. */
static bool
get_number(const char **at, uint32_t max, uint32_t *n)
{
	const char *p = *at;
	uint32_t value = 0;

	while (*p >= '0' && *p <= '9' && p - *at < 5)
		value = value * 10 + (uint32_t)(*p++ - '0');
	if (p == *at || value > max || (*p >= '0' && *p <= '9'))
		return false;
	*at = p;
	*n = value;
	return true;
}

static bool
get_text(const char **at, const char *text)
{
	size_t len = strlen(text);

	if (strncmp(*at, text, len) != 0)
		return false;
	*at += len;
	return true;
}

static bool
get_range(const char **at, struct port_range *range)
{
	uint32_t first, last;

	if (!get_number(at, 65535, &first))
		return false;
	last = first;
	if (**at == '-') {
		++*at;
		if (!get_number(at, 65535, &last))
			return false;
	}
	*range = (struct port_range){ (uint16_t)first, (uint16_t)last };
	return first > 0 && last >= first;
}

/* Insert sorted by first; nothing overlaps or touches afterwards. */
static void
sort_ports(struct terms *t)
{
	struct port_range *p = t->ports, key;
	uint32_t n = 0, j;

	for (uint32_t i = 1; i < t->nports; i++) {
		key = p[i];
		for (j = i; j > 0 && p[j - 1].first > key.first; j--)
			p[j] = p[j - 1];
		p[j] = key;
	}
	for (uint32_t i = 1; i < t->nports; i++) {
		if (p[i].first > p[n].last + 1U)
			p[++n] = p[i];
		else if (p[i].last > p[n].last)
			p[n].last = p[i].last;
	}
	if (t->nports > 0)
		t->nports = n + 1;
}

static bool
get_ports(const char **at, struct terms *t)
{
	t->nports = 0;
	do {
		if (t->nports == TERMS_PORTS ||
		    !get_range(at, &t->ports[t->nports++]))
			return false;
	} while (get_text(at, ","));
	sort_ports(t);
	return true;
}

bool
terms_parse_ports(struct terms *t, const char *text)
{
	return get_ports(&text, t) && *text == '\0';
}

bool
terms_add_ports(struct terms *t, const struct terms *more)
{
	for (uint32_t i = 0; i < more->nports; i++) {
		if (t->nports == TERMS_PORTS)
			return false;
		t->ports[t->nports++] = more->ports[i];
		sort_ports(t);
	}
	return true;
}

/* Copy one address, up to any of the stops, for inet_pton(3). */
static bool
get_addr(const char **at, struct in6_addr *addr)
{
	char text[INET6_ADDRSTRLEN];
	size_t len = strcspn(*at, ",;");
	struct in_addr in;
	struct endpoint ep;

	if (len == 0 || len >= sizeof(text))
		return false;
	memcpy(text, *at, len);
	text[len] = '\0';
	*at += len;
	if (inet_pton(AF_INET6, text, addr) == 1)
		return true;
	if (inet_pton(AF_INET, text, &in) != 1)
		return false;
	ep = endpoint_of(AF_INET, ntohl(in.s_addr), 0);
	*addr = ep.addr;
	return true;
}

static bool
get_own(const char **at, struct terms *t)
{
	t->nown = 0;
	if (**at == ';')
		return true;
	do {
		if (t->nown == TERMS_OWN || !get_addr(at, &t->own[t->nown++]))
			return false;
	} while (get_text(at, ","));
	return true;
}

static bool
get_flags(const char **at, uint32_t *flags)
{
	size_t i;

	for (; **at; ++*at) {
		for (i = 0; i < LETTERS && letters[i].letter != **at; i++)
			;
		if (i == LETTERS)
			return false;
		*flags |= letters[i].flag;
	}
	return true;
}

bool
terms_parse(struct terms *t, const char *text)
{
	uint32_t version;
	struct in6_addr leased;
	struct endpoint ep = { .family = AF_INET };

	memset(t, 0, sizeof(*t));
	if (!get_number(&text, 1, &version) || version != TERMS_VERSION ||
	    !get_text(&text, ";") || !get_addr(&text, &leased))
		return false;
	ep.addr = leased;
	t->leased = endpoint_ip4(&ep);
	if (get_text(&text, ";adopt;"))
		t->flags = TERMS_ADOPTED;
	else if (!get_text(&text, ";slice;"))
		return false;
	return get_ports(&text, t) && get_text(&text, ";") &&
	       get_own(&text, t) && get_text(&text, ";") &&
	       get_flags(&text, &t->flags) && terms_valid(t);
}

bool
terms_valid(const struct terms *t)
{
	if (t->leased >> 24 != 127 || t->nports == 0 ||
	    t->nports > TERMS_PORTS || t->nown > TERMS_OWN)
		return false;
	if (!(t->flags & TERMS_ADOPTED) && (t->leased & 0xff) != HOST_LEASED)
		return false;
	for (uint32_t i = 0; i < t->nports; i++)
		if (t->ports[i].first == 0 ||
		    t->ports[i].last < t->ports[i].first)
			return false;
	return true;
}
