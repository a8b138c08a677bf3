/* SPDX-License-Identifier: ISC */
#include "base/ipc.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/text.h"
#include "lease/terms.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

bool
ipc_again(int error)
{
	if (error == ENOMEM || error == ENOBUFS)
		clock_sleep(1);
	return error == ENOMEM || error == ENOBUFS || error == EINTR;
}

int
ipc_send(int fd, const void *message, size_t size)
{
	while (send(fd, message, size, MSG_NOSIGNAL) == -1)
		if (!ipc_again(errno))
			return -1;
	return 0;
}

int
ipc_fill_start(
    struct ipc_start *start, const struct terms *t, const char *record)
{
	memset(start, 0, sizeof(*start));
	text_address(t->leased, start->ip);
	(void)strlcpy(
	    start->record, record, sizeof(start->record)); /* same size */
	if (terms_format(t, start->terms, sizeof(start->terms)) == 0)
		return fail(E2BIG);
	return 0;
}

/* The strings of a text of len bytes that ends with a NUL. */
static char **
strings_of(char *text, size_t len)
{
	size_t n = 0, i = 0;
	char **list;

	for (size_t at = 0; at < len; at += strlen(text + at) + 1)
		n++;
	list = calloc(n + 1, sizeof(*list));
	for (size_t at = 0; list != NULL && at < len;
	     at += strlen(text + at) + 1)
		list[i++] = text + at;
	return list;
}

char **
ipc_environment(void)
{
	off_t end = lseek(FD_REQUEST, 0, SEEK_END);
	size_t len = (size_t)end - sizeof(struct ipc_request);
	char *text = calloc(1, len + 1), **env;

	if (text == NULL)
		return NULL;
	if (pread(FD_REQUEST, text, len, sizeof(struct ipc_request)) ==
		(ssize_t)len &&
	    (env = strings_of(text, len)) != NULL)
		return env;
	free(text);
	return NULL;
}
