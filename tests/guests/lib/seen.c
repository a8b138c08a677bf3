/* SPDX-License-Identifier: ISC */
/*
 * Hides accept and execv, but not accept4 and execve, says so when they are
 * called, and calls the next ones.
 */
#include <sys/socket.h>

#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

static void
say(const char *text)
{
	(void)!write(1, text, strlen(text));
}

int
accept(int fd, struct sockaddr *sa, socklen_t *len)
{
	__typeof__(accept) *next;

	say(" accept seen\n");
	*(void **)&next = dlsym(RTLD_NEXT, "accept");
	return next(fd, sa, len);
}

int
execv(const char *path, char *const argv[])
{
	__typeof__(execv) *next;

	say(" execv seen\n");
	*(void **)&next = dlsym(RTLD_NEXT, "execv");
	return next(path, argv);
}
