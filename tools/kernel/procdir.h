/* SPDX-License-Identifier: ISC */
/* What the readers of /proc have in common; for kernel/proc*.c alone. */
#ifndef PROCDIR_H
#define PROCDIR_H

#include <sys/types.h>

/*
 * The numbers that the entries of a directory have for names (pids, tids,
 * descriptors).  Returns how many, *numbers from the heap; -1 with errno.
 */
ssize_t procdir_numbers(const char *path, int **numbers);

/* read(2), again after EINTR. */
ssize_t procdir_read(int fd, void *buf, size_t size);

/* errno of a file below /proc/PID; ESRCH for ENOENT, if there is a /proc. */
int procdir_errno(void);

#endif
