/* SPDX-License-Identifier: ISC */
/*
 * LD_PRELOAD is prepended once; what else was there stays, in its order.
 * ASAN_OPTIONS gets a word for programs that insist on being loaded first.
 */
#include "hook/childenv.h"

#include "sock/uaccess.h"

#include <string.h>

enum {
	OURS = 5, /* entries that are added at most, and the NULL */
	ENTRIES = 32768, /* of an environment that a stack may hold */
	TEXT = 131072 + PATH_MAX /* MAX_ARG_STRLEN, execve(2), and the shim */
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

static size_t
length(const char *text)
{
	return text == NULL ? 0 : strlen(text);
}

size_t
childenv_room(const struct child_env *env, char *const envp[])
{
	size_t n = 0, preload, asan;

	while (envp != NULL && envp[n] != NULL)
		if (++n > ENTRIES)
			return 0;
	preload = length(lookup(envp, PRELOAD));
	asan = length(lookup(envp, ASAN));
	if (preload > TEXT || asan > TEXT)
		return 0;
	return (n + OURS + 1) * sizeof(char *) + strlen(env->preload) +
	       preload + sizeof(ASAN) + asan + sizeof(ASAN_WORD) + 4;
}

/* The environment under construction: pointers first, then text. */
struct builder {
	char **entry;
	char *text;
};

static void
add(struct builder *b, const char *entry)
{
	if (entry[0] != '\0')
		memcpy(b->entry++, &entry, sizeof(entry));
}

static void
copy(struct builder *b, const char *text, size_t len)
{
	memcpy(b->text, text, len);
	b->text += len;
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

/* The given list without the shim, for a program that cannot load it. */
static void
add_without(struct builder *b, const char *list, const char *shim)
{
	const char *at = listed(list, shim), *rest;
	char *entry = b->text;

	if (list == NULL)
		return;
	copy(b, PRELOAD, sizeof(PRELOAD) - 1);
	if (at == NULL) {
		copy(b, list, strlen(list));
	} else {
		rest = at + strlen(shim);
		copy(b, list, (size_t)(at - list));
		rest += strspn(rest, ": ");
		copy(b, rest, strlen(rest));
	}
	copy(b, "", 1);
	if (entry[sizeof(PRELOAD) - 1] != '\0')
		add(b, entry);
}

static void
add_preload(struct builder *b, const struct child_env *h, char *const envp[],
    const struct exe *target)
{
	const char *list = lookup(envp, PRELOAD);
	const char *shim = value(h->preload, PRELOAD);
	char *entry = b->text;

	if (shim == NULL || target->flags & IMAGE_ALIEN) {
		add_without(b, list, shim == NULL ? "" : shim);
		return;
	}
	if (list == NULL || *list == '\0') {
		add(b, h->preload);
		return;
	}
	copy(b, PRELOAD, sizeof(PRELOAD) - 1);
	if (listed(list, shim) == NULL) {
		copy(b, shim, strlen(shim));
		copy(b, ":", 1);
	}
	copy(b, list, strlen(list) + 1);
	add(b, entry);
}

static void
add_asan(struct builder *b, char *const envp[])
{
	const char *options = lookup(envp, ASAN);
	char *entry = b->text;

	copy(b, ASAN, sizeof(ASAN) - 1);
	if (options != NULL && *options != '\0') {
		copy(b, options, strlen(options));
		copy(b, ":", 1);
	}
	copy(b, ASAN_WORD, sizeof(ASAN_WORD));
	add(b, entry);
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
    const struct exe *target, void *room)
{
	struct builder b = { .entry = room };
	size_t n = 0;

	while (envp != NULL && envp[n] != NULL)
		n++;
	b.text = (char *)room + (n + OURS + 1) * sizeof(char *);
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
