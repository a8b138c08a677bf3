/* SPDX-License-Identifier: ISC */
/* Names of leases, and what is derived from one. */
#ifndef NAME_H
#define NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Bytes of a name, its NUL included. */
enum { NAME_SIZE = 64 };

/* Letters, digits, '.', '_' and '-'; it does not begin like an address. */
bool name_valid(const char *text);

/*
 * The name of the git worktree that the directory dir is in, else of dir
 * itself: the last part of its path, and four hex digits of all of it, since
 * two worktrees may end alike.
 */
void name_of_directory(const char *dir, char name[static NAME_SIZE]);

/* Where the search for an address begins: the same for a user and a name. */
uint32_t name_hash(uid_t user, const char *name);

#endif
