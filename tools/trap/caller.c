/* SPDX-License-Identifier: ISC */
/* pidfd_getfd(2), process_vm_readv(2), and the record's table of images. */
#include "trap/caller.h"
#include "base/fail.h"
#include "kernel/procfs.h"
#include "store/recquery.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Linux 6.9: a descriptor of a thread; it is O_EXCL. */
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

/* A thread that does not lead its process has no pidfd before Linux 6.9. */
static int
open_process(pid_t tid)
{
	struct procfs_status status;
	long fd = syscall(SYS_pidfd_open, tid, PIDFD_THREAD);

	if (fd == -1 && errno == EINVAL)
		fd = syscall(SYS_pidfd_open, tid, 0);
	if (fd == -1 && (errno == EINVAL || errno == ENOENT) &&
	    procfs_status(tid, &status) == 0)
		fd = syscall(SYS_pidfd_open, status.tgid, 0);
	return (int)fd;
}

int
caller_fetch(pid_t tid, int fd)
{
	int process = open_process(tid), copy;

	if (process == -1)
		return -1;
	copy = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
	(void)close_quietly(process);
	return copy;
}

int
caller_read(pid_t tid, uint64_t address, void *to, size_t len)
{
	struct iovec here = { to, len };
	struct iovec there = { (void *)(uintptr_t)address, len };
	ssize_t n = process_vm_readv(tid, &here, 1, &there, 1, 0);

	if (n == -1)
		return errno;
	return n == (ssize_t)len ? 0 : EFAULT;
}

/* The slot of an image that is there already; RECORD_IMAGES: it is not. */
static uint16_t
find_image(const struct record *r, const struct image *wanted)
{
	struct image image;

	for (size_t i = 0; i < RECORD_IMAGES; i++) {
		size_t n = ((size_t)wanted->pid + i) % RECORD_IMAGES;

		if (r->images[n].pid == wanted->pid &&
		    recquery_image(r, n, &image) &&
		    image.start == wanted->start &&
		    strcmp(image.path, wanted->path) == 0)
			return (uint16_t)n;
	}
	return RECORD_IMAGES;
}

void
caller_identify(pid_t tid, struct record *record, struct procid *opener)
{
	struct image image = { .flags = IMAGE_TRAPPED, .pidns = opener->pidns };
	struct procfs_status status = { .tgid = tid };
	struct procfs_stat stat = { 0 };
	char link[40], path[PATH_MAX] = "";

	(void)procfs_status(tid, &status);
	(void)procfs_stat(status.tgid, &stat);
	image.pid = status.tgid;
	image.start = stat.start;
	(void)snprintf(link, sizeof(link), "/proc/%d/exe", tid); /* fits */
	if (readlink(link, path, sizeof(path) - 1) == -1)
		path[0] = '\0';
	procid_set_path(&image, path);
	opener->start = image.start;
	opener->image = find_image(record, &image);
	if (opener->image == RECORD_IMAGES)
		opener->image = record_image(record, &image);
	atomic_store(&opener->pid, image.pid);
}
