/* SPDX-License-Identifier: ISC */
/*
 * The environment of a child: the one that it was given, with the lease in
 * place of whatever it says of one.  Nothing is allocated; the caller brings
 * the room, on its stack.
 */
#ifndef INHERIT_H
#define INHERIT_H

#include "hook/attach.h"
#include "sock/exe.h"

/* Can it be read?  If not, the kernel must say so. */
bool inherit_readable(char *const envp[]);

/* Is this environment an inner lease's, and to be left alone? */
bool inherit_other(const struct attachment *a, char *const envp[]);

/*
 * Bytes that inherit_fill needs for envp, which may be NULL; 0 when that is
 * more than a stack should hold (E2BIG).
 */
size_t inherit_room(const struct attachment *a, char *const envp[]);

/* Build the environment in room and return it. */
char **inherit_fill(const struct attachment *a, char *const envp[],
    const struct target *target, void *room);

#endif
