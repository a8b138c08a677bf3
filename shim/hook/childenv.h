/* SPDX-License-Identifier: ISC */
/*
 * The environment of a child: the one that it was given, with the variables
 * of the lease replaced by ours.  Nothing is allocated; the caller brings the
 * room.
 */
#ifndef CHILDENV_H
#define CHILDENV_H

#include "hook/attach.h"
#include "sock/exe.h"

/* Can it be read?  If not, the kernel is to refuse it. */
bool childenv_readable(char *const envp[]);

/* Is this the environment of an inner lease, to be left as it is? */
bool childenv_other(const struct child_env *env, char *const envp[]);

/* Does it have all that a child needs, as it is? */
bool childenv_complete(const struct child_env *env, char *const envp[]);

/* Bytes that childenv_fill needs for envp, which may be NULL. */
size_t childenv_room(const struct child_env *env, char *const envp[]);

/* Build the environment in room, of size bytes, and return it. */
char **childenv_fill(const struct child_env *env, char *const envp[],
    const struct exe *target, void *room, size_t size);

#endif
