/* SPDX-License-Identifier: ISC */
/* The shim's own look at an executable, and its way to write an image. */
#include "store/coverage.h"
#include "kernel/procfs.h"
#include "lease/record.h"
#include "sock/exe.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void
set_asan(void)
{
	static const char word[] = "verify_asan_link_order=0";
	const char *old = getenv("ASAN_OPTIONS");
	char *value;

	if (old == NULL || *old == '\0') {
		(void)setenv("ASAN_OPTIONS", word, 1);
	} else if (asprintf(&value, "%s:%s", old, word) != -1) {
		(void)setenv("ASAN_OPTIONS", value, 1);
		free(value);
	}
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
	struct exe target = exe_of(AT_FDCWD, path, 0);
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
