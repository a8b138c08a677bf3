/* SPDX-License-Identifier: ISC */
/*
 * The variables of the lease; and for the program that no shim could look at,
 * because there is none in the process that becomes it, what the shim does
 * for all later ones.
 */
#include "store/enter.h"
#include "kernel/procfs.h"
#include "lease/record.h"
#include "sock/exe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SHIM "libportlease.so"

int
enter_shim(char *path, size_t size)
{
	static const char *const places[] = { "/" SHIM,
		"/lib/portlease/" SHIM };
	char self[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return -1;
	self[n] = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		slash = strrchr(self, '/');
		if (slash != NULL)
			*slash = '\0';
		if ((size_t)snprintf(path, size, "%s%s", self, places[i]) >=
		    size) {
			errno = ENAMETOOLONG;
			return -1;
		}
		if (access(path, R_OK) == -1)
			continue;
		if (strpbrk(path, " :\t\n") == NULL)
			return 0;
		errno = EINVAL;
		return -1;
	}
	return -1;
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

/* Set a variable to these two, with a colon between them. */
static int
join(const char *name, const char *first, const char *second)
{
	char *value;
	int rc;

	if (asprintf(&value, "%s:%s", first, second) == -1)
		return -1;
	rc = setenv(name, value, 1);
	free(value);
	return rc;
}

/* The last, so that other libraries see what the program asks. */
static int
preload(const char *shim)
{
	const char *old = getenv("LD_PRELOAD");

	if (old == NULL || *old == '\0')
		return setenv("LD_PRELOAD", shim, 1);
	return names(old, shim) ? 0 : join("LD_PRELOAD", old, shim);
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
	/* A lease inside a lease has not the name of the outer one. */
	if ((go->name[0] != '\0' ? setenv("PORTLEASE_NAME", go->name, 1)
				 : unsetenv("PORTLEASE_NAME")) == -1)
		return -1;
	return setenv("PORTLEASE_IP", go->ip, 1);
}

static void
set_asan(void)
{
	static const char word[] = "verify_asan_link_order=0";
	const char *old = getenv("ASAN_OPTIONS");

	if (old == NULL || *old == '\0')
		(void)setenv("ASAN_OPTIONS", word, 1);
	else
		(void)join("ASAN_OPTIONS", old, word);
}

/* We are about to be that program. */
static struct image
image_of(const char *path, uint32_t flags)
{
	struct image image = { .flags = flags, .pid = getpid() };
	struct procfs_stat st;
	size_t len = strlen(path), room = sizeof(image.path) - 1;

	if (procfs_stat(image.pid, &st) == 0)
		image.start = st.start;
	(void)procfs_namespace("pid", &image.pidns);
	(void)strlcpy(image.path, path + (len > room ? len - room : 0),
	    sizeof(image.path));
	return image;
}

static void
write_image(const char *record, const struct image *image)
{
	struct record *r = MAP_FAILED;
	int fd = open(record, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	if (fd != -1)
		r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED,
		    fd, 0);
	if (r != MAP_FAILED) {
		(void)record_image(r, image);
		if (image_uncovered(image->flags))
			(void)atomic_fetch_add(&r->counts.uncovered, 1);
		(void)munmap(r, sizeof(*r));
	}
	if (fd != -1)
		close(fd);
}

void
enter_note_uncovered(const char *record, const char *file, bool trapped)
{
	char room[PATH_MAX];
	const char *path = exe_search(file, room);
	struct exe_room read;
	struct exe target = exe_of(AT_FDCWD, path, 0, &read);
	struct image image;

	if (target.asan)
		set_asan();
	if (!(target.flags & IMAGE_UNCOVERED) || access(path, X_OK) == -1)
		return;
	if (trapped && !(target.flags & IMAGE_ALIEN))
		target.flags |= IMAGE_TRAPPED;
	image = image_of(path, target.flags);
	write_image(record, &image);
}
