/* SPDX-License-Identifier: ISC */
/* setenv(3), once a variable. */
#include "environment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHIM "libportlease.so"

static int
beside(char *path, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", path, size - 1);
	char *slash;

	if (n <= 0)
		return -1;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL)
		return -1;
	slash[1] = '\0';
	if (strlcat(path, SHIM, size) >= size)
		return -1;
	return access(path, R_OK);
}

int
environment_shim(char *path, size_t size)
{
	if (beside(path, size) == -1) {
		if (strlcpy(path, LIBDIR "/" SHIM, size) >= size) {
			errno = ENAMETOOLONG;
			return -1;
		}
		if (access(path, R_OK) == -1)
			return -1;
	}
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
environment_enter(const struct go *go)
{
	char shim[PATH_MAX];

	if (environment_shim(shim, sizeof(shim)) == -1 || preload(shim) == -1 ||
	    setenv("PORTLEASE_RECORD", go->record, 1) == -1 ||
	    setenv("PORTLEASE_TERMS", go->terms, 1) == -1)
		return -1;
	if (go->notify[0] != '\0' &&
	    setenv("NOTIFY_SOCKET", go->notify, 1) == -1)
		return -1;
	return setenv("PORTLEASE_IP", go->ip, 1);
}
