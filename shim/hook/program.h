/* SPDX-License-Identifier: ISC */
/*
 * The program that a call of the exec family is about to start: what it is,
 * which environment it gets, and what the record is told of it.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "hook/attach.h"
#include "sock/exe.h"

#include <limits.h>

/* A call of the exec family. */
struct execcall {
	enum { BY_PATH, BY_SEARCH, BY_FD, BY_DIR } how;
	int fd; /* BY_FD, BY_DIR */
	int flags; /* BY_DIR */
	bool no_envp; /* execv, execvp: envp is environ */
	const char *path; /* all but BY_FD */
	char *const *argv;
	char *const *envp;
};

/* In scratch memory (hook/scratch.h), which its maker gives back. */
struct program {
	struct exe exe;
	char *const *envp; /* that of the call, where nothing is to change */
	struct exe_room read;
	char path[PATH_MAX]; /* of exe; "" unknown */
	size_t size; /* of env */
	_Alignas(char *) char env[];
};

/* Is the call to be made as it is, for there is no lease or another one? */
bool program_passes(const struct lease_ctx *ctx, const struct execcall *c);

/* Look at what the call would start; NULL with errno. */
struct program *program_of(
    const struct lease_ctx *ctx, const struct execcall *c);

/* Record it as this image, whose process is known.  Only with a record. */
void program_note(
    const struct lease_ctx *ctx, const struct program *p, struct image *image);

#endif
