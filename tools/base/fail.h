/* SPDX-License-Identifier: ISC */
/* The ways out of a function that returns -1 with errno. */
#ifndef FAIL_H
#define FAIL_H

#include "lease/errno.h"

#include <unistd.h>

/* Returns -1, with this errno. */
static inline int
fail(int error)
{
	errno = error;
	return -1;
}

/* Closes fd and keeps errno; returns -1. */
static inline int
close_quietly(int fd)
{
	KEEP_ERRNO;

	(void)close(fd);
	return -1;
}

#endif
