/* SPDX-License-Identifier: ISC */
#include "base/name.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool
allowed(char c)
{
	return isalnum((unsigned char)c) || strchr("._-", c) != NULL;
}

bool
name_valid(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len >= NAME_SIZE || *text == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!allowed(text[i]))
			return false;
	/* "127.1" and "9926" are addresses and ports. */
	return text[strspn(text, "0123456789.")] != '\0';
}

/* FNV-1a, 32 bits. */
static uint32_t
hash_more(uint32_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619U;
	return hash;
}

static uint32_t
hash_of(const char *text)
{
	return hash_more(2166136261U, text);
}

uint32_t
name_hash(uid_t user, const char *name)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u/", user);
	return hash_more(hash_of(text), name);
}

/* Cut path to the directory at or above it that has a .git. */
static bool
find_worktree(char path[static PATH_MAX])
{
	char git[PATH_MAX + 8];

	for (;;) {
		char *slash = strrchr(path, '/');

		(void)snprintf(git, sizeof(git), "%s/.git", path);
		if (access(git, F_OK) == 0)
			return true;
		if (slash == NULL || slash == path)
			return false;
		*slash = '\0';
	}
}

void
name_of_directory(const char *dir, char name[static NAME_SIZE])
{
	char top[PATH_MAX];
	const char *slash, *last;
	size_t n = 0;

	(void)strlcpy(top, dir, sizeof(top));
	if (!find_worktree(top))
		(void)strlcpy(top, dir, sizeof(top));
	slash = strrchr(top, '/');
	last = slash != NULL ? slash + 1 : top;
	for (; *last && n < NAME_SIZE - sizeof("-ffff"); last++)
		name[n++] = allowed(*last) ? *last : '_';
	if (n == 0 || name[0] == '-')
		name[n == 0 ? n++ : 0] = '_';
	(void)snprintf(
	    name + n, NAME_SIZE - n, "-%04x", hash_of(top) & 0xffffU);
}
