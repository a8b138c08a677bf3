/* SPDX-License-Identifier: ISC */
/*
 * bind, connect and listen that the seccomp filter of --trap lets pass.
 * Beside their own arguments they carry a mark in the three that the kernel
 * ignores, but a filter can read (seccomp(2)).  Without a filter the mark has
 * no effect.  It is no secret, and the filter no boundary.
 *
 * Raw system calls: connect is then no cancellation point (pthreads(7)).
 */
#ifndef BYPASS_H
#define BYPASS_H

#include <sys/socket.h>

/* Arguments 3, 4 and 5, counted from 0. */
enum { BYPASS_FIRST = 3, BYPASS_WORDS = 3 };
#define BYPASS_A ((unsigned long)0x9d1c62b54e0f7a39ULL)
#define BYPASS_B ((unsigned long)0x27e8f05a8b1363d4ULL)
#define BYPASS_C ((unsigned long)0xe35a7790c4d21f86ULL)

/* Each as the call without the prefix. */
int bypass_bind(int fd, const struct sockaddr *sa, socklen_t len);
int bypass_connect(int fd, const struct sockaddr *sa, socklen_t len);
int bypass_listen(int fd, int backlog);

#endif
