/* SPDX-License-Identifier: ISC */
/* The receiving end of sd_notify(3). */
#ifndef SDNOTIFY_H
#define SDNOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { SDNOTIFY_NAME = 108, SDNOTIFY_STATUS = 128, SDNOTIFY_SIZE = 4096 };

struct sdnotify {
	bool ready; /* READY=1 */
	int64_t extend; /* milliseconds from now, 0 not asked */
	char status[SDNOTIFY_STATUS]; /* STATUS=, printable; "" not sent */
};

/*
 * A datagram socket with an abstract name that cannot be guessed, O_CLOEXEC
 * and not blocking; name is set to the value of NOTIFY_SOCKET.  -1 with errno.
 */
int sdnotify_open(char name[static SDNOTIFY_NAME]);

/*
 * Read one message.  1 with *n filled; 0 when there is none; -1 when it is to
 * be ignored: malformed, or not from a process of our user or below root.
 * Descriptors that come along are closed, which is all that BARRIER=1 asks.
 */
int sdnotify_read(int fd, pid_t root, struct sdnotify *n);

/*
 * Pure: parse lines of NAME=VALUE; unknown names are well formed, too.  False,
 * with n unspecified, when the text is malformed.
 */
bool sdnotify_parse(const char *text, size_t len, struct sdnotify *n);

#endif
