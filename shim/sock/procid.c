/* SPDX-License-Identifier: ISC */
#include "sock/procid.h"

#include "lease/errno.h"
#include "lease/strbuf.h"
#include "lease/sys.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

/* Fields of proc_pid_stat(5) between the name and the start time. */
enum { FIELDS_TO_START = 20 };

struct procid *
procid_new(void)
{
	struct procid *self;

	self = sys_mmap(sizeof(*self), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (self == MAP_FAILED)
		return NULL;
	if (sys_madvise(self, sizeof(*self), MADV_WIPEONFORK) == 0)
		return self;
	sys_munmap(self, sizeof(*self));
	return NULL;
}

static uint64_t
number(const char *p)
{
	uint64_t n = 0;

	while (*p >= '0' && *p <= '9')
		n = n * 10 + (uint64_t)(*p++ - '0');
	return n;
}

/* The name may hold blanks and parentheses: count from its end. */
static uint64_t
start_in(char *stat)
{
	char *p = strrchr(stat, ')');

	for (int i = 0; p != NULL && i < FIELDS_TO_START; i++)
		p = strchr(p + 1, ' ');
	return p == NULL ? 0 : number(p + 1);
}

static uint64_t
read_start(const char *path)
{
	char stat[512];
	ssize_t n;
	int fd;

	fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return 0;
	n = sys_read(fd, stat, sizeof(stat) - 1);
	sys_close(fd);
	if (n <= 0)
		return 0;
	stat[n] = '\0';
	return start_in(stat);
}

uint64_t
procid_start(int32_t pid)
{
	char path[32];
	struct strbuf t = strbuf_in(path, sizeof(path));
	KEEP_ERRNO;

	strbuf_add(&t, "/proc/");
	strbuf_number(&t, (uint32_t)pid, 10);
	strbuf_add(&t, "/stat");
	(void)strbuf_end(&t); /* which fits */
	return read_start(path);
}

static uint64_t
pid_namespace(void)
{
	char text[40];
	ssize_t n = sys_readlink("/proc/self/ns/pid", text, sizeof(text) - 1);

	if (n <= (ssize_t)sizeof("pid:[") - 1)
		return 0;
	text[n] = '\0';
	return number(text + sizeof("pid:[") - 1);
}

void
procid_ask(struct image *image)
{
	KEEP_ERRNO;

	memset(image, 0, sizeof(*image));
	image->pid = sys_getpid();
	image->start = read_start("/proc/self/stat");
	image->pidns = pid_namespace();
}

void
procid_set_path(struct image *image, const char *path)
{
	size_t len = strlen(path), room = sizeof(image->path) - 1;

	if (len > room) {
		path += len - room;
		len = room;
	}
	memset(image->path, 0, sizeof(image->path));
	memcpy(image->path, path, len);
}

static void
set_own_path(struct image *image)
{
	char path[768]; /* of which the end is kept */
	ssize_t n;
	KEEP_ERRNO;

	n = sys_readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	procid_set_path(image, path);
}

void
procid_enter(struct record *r, struct procid *self, uint32_t flags)
{
	struct image image;

	procid_ask(&image);
	set_own_path(&image);
	image.flags = flags;
	self->start = image.start;
	self->pidns = image.pidns;
	self->image = record_image(r, &image);
	atomic_store_explicit(&self->pid, image.pid, memory_order_release);
}

void
procid_known(struct record *r, struct procid *self)
{
	if (atomic_load_explicit(&self->pid, memory_order_acquire) == 0)
		procid_enter(r, self, IMAGE_ENTERED | IMAGE_FORKED);
}

void
procid_before_exec(
    const struct record *r, const struct procid *self, struct image *image)
{
	int32_t pid = sys_getpid();

	if (atomic_load_explicit(&self->pid, memory_order_acquire) == pid &&
	    self->image < RECORD_IMAGES) {
		memcpy(image, &r->images[self->image], sizeof(*image));
		image->pid = pid;
		image->start = self->start;
		image->pidns = self->pidns;
		image->path[sizeof(image->path) - 1] = '\0';
		return;
	}
	procid_ask(image);
	set_own_path(image);
	image->flags = IMAGE_ENTERED | IMAGE_FORKED;
}
