/* SPDX-License-Identifier: ISC */
/*
 * The shim is the last of LD_PRELOAD, so that other libraries see what the
 * program asks, and call the shim; the rest stays, in its order.
 * ASAN_OPTIONS gets a word for programs that insist on being loaded first.
 */
#include "hook/childenv.h"

#include "lease/strbuf.h"
#include "sock/uaccess.h"

#include <string.h>

enum {
	OURS = 5 /* entries that are added at most, and the NULL */
};

static const char PRELOAD[] = "LD_PRELOAD=";
static const char RECORD[] = "PORTLEASE_RECORD=";
static const char TERMS[] = "PORTLEASE_TERMS=";
static const char IP[] = "PORTLEASE_IP=";
static const char ASAN[] = "ASAN_OPTIONS=";
static const char ASAN_WORD[] = "verify_asan_link_order=0";

/* The value of an entry that has this name, or NULL. */
static const char *
value(const char *entry, const char *name)
{
	size_t len = strlen(name);

	return strncmp(entry, name, len) == 0 ? entry + len : NULL;
}

static const char *
lookup(char *const envp[], const char *name)
{
	const char *found = NULL;

	for (; envp != NULL && *envp != NULL && found == NULL; envp++)
		found = value(*envp, name);
	return found;
}

/* A page that was just looked at is not looked at again. */
static bool
readable(const void *p, size_t n, uintptr_t *page)
{
	uintptr_t last = ((uintptr_t)p + n - 1) & ~(uintptr_t)4095;

	if (last == *page && ((uintptr_t)p & ~(uintptr_t)4095) == last)
		return true;
	*page = last;
	return uaccess_readable(p, n);
}

bool
childenv_readable(char *const envp[])
{
	uintptr_t vector = 1, text = 1; /* no page */

	for (; envp != NULL; envp++) {
		if (!readable(envp, sizeof(*envp), &vector))
			return false;
		if (*envp == NULL)
			break;
		if (!readable(*envp, 1, &text))
			return false;
	}
	return true;
}

bool
childenv_other(const struct child_env *env, char *const envp[])
{
	const char *theirs = lookup(envp, RECORD);
	const char *ours = value(env->record, RECORD);

	return theirs != NULL && (ours == NULL || strcmp(theirs, ours) != 0);
}

/* Is the shim one of a list of libraries?  ld.so(8): colon or blank. */
static const char *
listed(const char *list, const char *shim)
{
	size_t len = strlen(shim), n;

	while (list != NULL && *list != '\0') {
		n = strcspn(list, ": ");
		if (n == len && memcmp(list, shim, len) == 0)
			return list;
		list += n;
		list += strspn(list, ": ");
	}
	return NULL;
}

static bool
is_last(const char *list, const char *shim)
{
	const char *at = listed(list, shim);

	return at != NULL && at[strlen(shim)] == '\0';
}

/* Is this very entry there, or is there none to look for? */
static bool
has(char *const envp[], const char *name, const char *entry)
{
	const char *there = lookup(envp, name);

	return entry[0] == '\0' ||
	       (there != NULL && strcmp(there, entry + strlen(name)) == 0);
}

bool
childenv_complete(const struct child_env *env, char *const envp[])
{
	const char *shim = value(env->preload, PRELOAD);

	return shim != NULL && is_last(lookup(envp, PRELOAD), shim) &&
	       has(envp, RECORD, env->record) && has(envp, TERMS, env->terms) &&
	       has(envp, IP, env->ip);
}

static size_t
length(const char *text)
{
	return text == NULL ? 0 : strlen(text);
}

size_t
childenv_room(const struct child_env *env, char *const envp[])
{
	size_t n = 0;

	while (envp != NULL && envp[n] != NULL)
		n++;
	return (n + OURS + 1) * sizeof(char *) + sizeof(PRELOAD) +
	       strlen(env->preload) + length(lookup(envp, PRELOAD)) +
	       sizeof(ASAN) + length(lookup(envp, ASAN)) + sizeof(ASAN_WORD) +
	       4;
}

/* The environment under construction: pointers first, then text. */
struct builder {
	char **entry;
	struct strbuf text;
};

static void
add(struct builder *b, const char *entry)
{
	if (entry[0] != '\0')
		memcpy(b->entry++, &entry, sizeof(entry));
}

/* Add the entry that was written since this start of it. */
static void
add_text(struct builder *b, const char *start)
{
	strbuf_char(&b->text, '\0');
	add(b, start);
}

/* A list without the shim. */
static void
add_others(struct strbuf *text, const char *list, const char *shim)
{
	const char *at = listed(list, shim);

	for (; at != NULL && list < at; list++)
		strbuf_char(text, *list);
	if (at != NULL) {
		list = at + strlen(shim);
		list += strspn(list, ": ");
	}
	strbuf_add(text, list);
}

static void
add_preload(struct builder *b, const struct child_env *env, char *const envp[],
    const struct exe *target)
{
	const char *list = lookup(envp, PRELOAD);
	const char *shim = value(env->preload, PRELOAD);
	char *entry = b->text.at, *others;

	strbuf_add(&b->text, PRELOAD);
	others = b->text.at;
	if (list != NULL)
		add_others(&b->text, list, shim == NULL ? "" : shim);
	if (shim != NULL && !(target->flags & (IMAGE_ALIEN | IMAGE_NO_SHIM))) {
		if (b->text.at != others &&
		    strchr(": ", b->text.at[-1]) == NULL)
			strbuf_char(&b->text, ':');
		strbuf_add(&b->text, shim);
	}
	if (b->text.at != others)
		add_text(b, entry);
	else
		b->text.at = entry;
}

static void
add_asan(struct builder *b, char *const envp[])
{
	const char *options = lookup(envp, ASAN);
	char *entry = b->text.at;

	strbuf_add(&b->text, ASAN);
	if (options != NULL && *options != '\0') {
		strbuf_add(&b->text, options);
		strbuf_char(&b->text, ':');
	}
	strbuf_add(&b->text, ASAN_WORD);
	add_text(b, entry);
}

/* Entries that are replaced. */
static bool
replaced(const char *entry, const struct exe *target)
{
	return value(entry, PRELOAD) != NULL || value(entry, RECORD) != NULL ||
	       value(entry, TERMS) != NULL || value(entry, IP) != NULL ||
	       (target->asan && value(entry, ASAN) != NULL);
}

char **
childenv_fill(const struct child_env *env, char *const envp[],
    const struct exe *target, void *room, size_t size)
{
	struct builder b = { .entry = room };
	size_t n = 0, pointers;

	while (envp != NULL && envp[n] != NULL)
		n++;
	pointers = (n + OURS + 1) * sizeof(char *);
	b.text = strbuf_in((char *)room + pointers, size - pointers);
	add_preload(&b, env, envp, target);
	for (size_t i = 0; i < n; i++)
		if (!replaced(envp[i], target))
			add(&b, envp[i]);
	add(&b, env->record);
	add(&b, env->terms);
	add(&b, env->ip);
	if (target->asan)
		add_asan(&b, envp);
	*b.entry = NULL;
	return room;
}
