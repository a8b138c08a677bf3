/* SPDX-License-Identifier: ISC */
/*
 * What libc starts inside itself: system, popen and wordexp give `environ` to
 * a shell by calls that nobody can hook.  Where the program has taken the
 * lease out of its environment (clearenv, an environ of its own), environ is
 * another one for the length of the call, with the lease in it.
 *
 * Other threads may read environ meanwhile, or keep what they have read for a
 * moment: so the memory of it is used again, or unmapped, after some calls
 * only.
 */
#include "hook/attach.h"
#include "hook/childenv.h"
#include "hook/real.h"
#include "lease/errno.h"
#include "lease/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <wordexp.h>

enum { KEPT = 8 }; /* calls until memory is used again */

/* Environments that are over. */
static _Atomic(struct lent *) ended[KEPT];
static _Atomic uint32_t calls;

struct lent {
	size_t size; /* of all of it */
	size_t turn; /* its place in ended */
	char **before; /* environ, as the program has it */
	char *room[];
};

static struct lent *
memory(size_t size)
{
	size_t turn = atomic_fetch_add(&calls, 1) % KEPT;
	struct lent *l = atomic_exchange(&ended[turn], NULL);

	if (l != NULL && l->size >= size)
		return l;
	if (l != NULL)
		sys_munmap(l, l->size);
	l = sys_mmap(
	    size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (l == MAP_FAILED)
		return NULL;
	l->size = size;
	l->turn = turn;
	return l;
}

/* NULL: environ is good as it is, or nothing can be done. */
static struct lent *
lend(void)
{
	const struct exe shell = { .found = true };
	const struct child_env *env;
	struct lent *l;
	size_t room;
	KEEP_ERRNO;

	if (lease_ctx() == NULL)
		return NULL;
	env = attach_child_env();
	if (childenv_complete(env, environ) || childenv_other(env, environ))
		return NULL;
	room = childenv_room(env, environ);
	l = memory(((room + sizeof(*l)) | 4095) + 1);
	if (l == NULL)
		return NULL;
	l->before = environ;
	environ = childenv_fill(env, l->before, &shell, l->room, room);
	return l;
}

/* A thread that has set a variable meanwhile has a copy: it stays. */
static void
take_back(struct lent *l)
{
	struct lent *none = NULL;

	if (l == NULL || environ != l->room)
		return;
	environ = l->before;
	(void)atomic_compare_exchange_strong(&ended[l->turn], &none, l);
}

EXPORT int
system(const char *command)
{
	struct lent *l = lend();
	int rc = real()->system(command);

	take_back(l);
	return rc;
}

EXPORT FILE *
popen(const char *command, const char *mode)
{
	struct lent *l = lend();
	FILE *f = real()->popen(command, mode);

	take_back(l);
	return f;
}

FILE *_IO_popen(const char *command, const char *mode);

/* glibc's other name for it. */
EXPORT FILE *
_IO_popen(const char *command, const char *mode)
{
	return popen(command, mode);
}

EXPORT int
wordexp(const char *restrict words, wordexp_t *restrict result, int flags)
{
	struct lent *l = lend();
	int rc = real()->wordexp(words, result, flags);

	take_back(l);
	return rc;
}
