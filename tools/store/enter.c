/* SPDX-License-Identifier: ISC */
/* setenv(3), once a variable. */
#include "store/enter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHIM "libportlease.so"

/* Cut the last name of a path, and the slash before it. */
static void
cut(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash != NULL)
		*slash = '\0';
}

/* As it is built, and as it is installed: below the program's own prefix. */
static int
find_shim(char *path, size_t size)
{
	static const char *const places[] = { "/" SHIM,
		"/lib/portlease/" SHIM };
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return -1;
	self[n] = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		cut(self);
		if ((size_t)snprintf(path, size, "%s%s", self, places[i]) >=
		    size) {
			errno = ENAMETOOLONG;
			return -1;
		}
		if (access(path, R_OK) == 0)
			return 0;
	}
	return -1;
}

int
enter_shim(char *path, size_t size)
{
	if (find_shim(path, size) == -1)
		return -1;
	if (strpbrk(path, " :\t\n") != NULL) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

/* Is path one of the entries of an LD_PRELOAD? */
static bool
names(const char *preload, const char *path)
{
	size_t len = strlen(path), n;

	for (const char *p = preload; *p; p += n + (p[n] != '\0')) {
		n = strcspn(p, " :");
		if (n == len && strncmp(p, path, n) == 0)
			return true;
	}
	return false;
}

static int
preload(const char *shim)
{
	const char *old = getenv("LD_PRELOAD");
	char *value;
	int rc;

	if (old == NULL || *old == '\0')
		return setenv("LD_PRELOAD", shim, 1);
	if (names(old, shim))
		return 0;
	if (asprintf(&value, "%s:%s", shim, old) == -1)
		return -1;
	rc = setenv("LD_PRELOAD", value, 1);
	free(value);
	return rc;
}

int
enter_lease(const struct ipc_start *go)
{
	char shim[PATH_MAX];

	if (enter_shim(shim, sizeof(shim)) == -1 || preload(shim) == -1 ||
	    setenv("PORTLEASE_RECORD", go->record, 1) == -1 ||
	    setenv("PORTLEASE_TERMS", go->terms, 1) == -1)
		return -1;
	if (go->notify[0] != '\0' &&
	    setenv("NOTIFY_SOCKET", go->notify, 1) == -1)
		return -1;
	return setenv("PORTLEASE_IP", go->ip, 1);
}
