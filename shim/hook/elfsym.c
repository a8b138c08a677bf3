/* SPDX-License-Identifier: ISC */
/*
 * The list of loaded objects is the one that debuggers read: dl_iterate_phdr
 * may be that of a sanitizer, which calls dlsym before it is ready itself.
 *
 * glibc has added the load address to what the dynamic section says, musl has
 * not: an address below the object is an offset.
 */
#include "hook/elfsym.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* This shared object's own header. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* The symbol table of a loaded object. */
struct table {
	uintptr_t base;
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint32_t *gnu_hash; /* NULL: none */
	const uint32_t *hash; /* NULL: none */
	const uint16_t *versions; /* of symbols; NULL: none */
};

static const void *
loaded(uintptr_t base, uintptr_t value)
{
	return (const void *)(value < base ? base + value : value);
}

static bool
table_of(const struct link_map *object, struct table *t)
{
	const ElfW(Dyn) *dyn = object->l_ld;

	*t = (struct table){ .base = object->l_addr };
	for (; dyn != NULL && dyn->d_tag != DT_NULL; dyn++) {
		const void *at = loaded(t->base, dyn->d_un.d_ptr);

		if (dyn->d_tag == DT_SYMTAB)
			t->symbols = at;
		else if (dyn->d_tag == DT_STRTAB)
			t->strings = at;
		else if (dyn->d_tag == DT_GNU_HASH)
			t->gnu_hash = at;
		else if (dyn->d_tag == DT_HASH)
			t->hash = at;
		else if (dyn->d_tag == DT_VERSYM)
			t->versions = at;
	}
	return t->symbols != NULL && t->strings != NULL;
}

/* An old version is for programs that were linked with it. */
static bool
old_version(const struct table *t, uint32_t i)
{
	return t->versions != NULL && t->versions[i] & 0x8000;
}

/* The address of symbol i, if it defines a function of this name. */
static void *
defined(const struct table *t, uint32_t i, const char *name)
{
	const ElfW(Sym) *s = &t->symbols[i];

	if (s->st_shndx == SHN_UNDEF || s->st_value == 0 ||
	    (s->st_info & 0xf) != STT_FUNC || old_version(t, i) ||
	    strcmp(t->strings + s->st_name, name) != 0)
		return NULL;
	return (void *)(t->base + s->st_value);
}

static uint32_t
gnu_hash_of(const char *name)
{
	uint32_t h = 5381;

	for (; *name != '\0'; name++)
		h = h * 33 + (unsigned char)*name;
	return h;
}

/* Header, Bloom filter, buckets, chains; the end of a chain has bit 0 set. */
static void *
find_gnu(const struct table *t, const char *name)
{
	uint32_t buckets = t->gnu_hash[0], first = t->gnu_hash[1];
	const uint32_t *bucket =
	    t->gnu_hash + 4 + t->gnu_hash[2] * (sizeof(ElfW(Addr)) / 4);
	const uint32_t *chain = bucket + buckets;
	uint32_t h = gnu_hash_of(name), i;
	void *found = NULL;

	i = buckets == 0 ? 0 : bucket[h % buckets];
	if (i < first || i == 0)
		return NULL;
	do {
		if ((chain[i - first] | 1) == (h | 1))
			found = defined(t, i, name);
	} while (found == NULL && !(chain[i++ - first] & 1));
	return found;
}

static void *
find(const struct table *t, const char *name)
{
	void *found = NULL;

	if (t->gnu_hash != NULL)
		return find_gnu(t, name);
	if (t->hash != NULL) /* buckets, symbols */
		for (uint32_t i = 1; i < t->hash[1] && found == NULL; i++)
			found = defined(t, i, name);
	return found;
}

/* glibc has the first of these, musl the second. */
extern struct r_debug _r_debug __attribute__((weak));
extern struct r_debug *_dl_debug_addr __attribute__((weak));

static const struct link_map *
objects(void)
{
	if (&_r_debug != NULL)
		return _r_debug.r_map;
	return &_dl_debug_addr != NULL ? _dl_debug_addr->r_map : NULL;
}

static bool
is_shim(const struct link_map *object)
{
	return object->l_addr == (ElfW(Addr)) & __ehdr_start;
}

void
elfsym_next(struct elfsym *wanted, size_t n)
{
	bool behind = false; /* the shim was seen */
	struct table t;

	for (const struct link_map *o = objects(); o != NULL; o = o->l_next) {
		struct elfsym *w = wanted;

		if (table_of(o, &t))
			for (; w < wanted + n; w++)
				if (w->found == NULL && (behind || w->anywhere))
					w->found = find(&t, w->name);
		behind |= is_shim(o);
	}
}

const char *
elfsym_shim(void)
{
	for (const struct link_map *o = objects(); o != NULL; o = o->l_next)
		if (is_shim(o))
			return o->l_name;
	return NULL;
}
