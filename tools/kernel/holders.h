/* SPDX-License-Identifier: ISC */
/* Which processes have sockets open: only /proc/PID/fd tells. */
#ifndef HOLDERS_H
#define HOLDERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { HOLDER_LINE = 160 };

struct holder {
	pid_t pid; /* 0: none that can be seen */
	char line[HOLDER_LINE]; /* its command line, printable */
};

/*
 * For each of n inodes (0: nobody's) the first process that has it open, from
 * one pass over /proc.
 */
void holders_find(const uint32_t inodes[], struct holder holders[], size_t n);

#endif
