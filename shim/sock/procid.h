/* SPDX-License-Identifier: ISC */
/*
 * The identity of this process, and its image in the record.
 *
 * Asking costs system calls, so the answer is kept in a page of its own that
 * the kernel wipes in fork children (MADV_WIPEONFORK, madvise(2)): zero means
 * that this process has not asked yet.  A vfork child shares the page with
 * its parent; exec hooks therefore compare the pid first.  All functions keep
 * errno and use the stack only.
 */
#ifndef PROCID_H
#define PROCID_H

#include "lease/record.h"

/* The page: written on first use; racing writers agree. */
struct procid {
	_Atomic int32_t pid; /* 0: unknown; stored last */
	uint16_t image; /* index in the record, or RECORD_IMAGES */
	uint64_t start; /* ticks, 0 unknown */
	uint64_t pidns; /* inode, 0 unknown */
};

/* A new page, or NULL when there is no memory. */
struct procid *procid_new(void);

/* Fill pid, start and pidns of the calling process by system calls. */
void procid_ask(struct image *image);

/* The start of any process in clock ticks, 0 unknown. */
uint64_t procid_start(int32_t pid);

/* Set the path; one that is too long loses its front. */
void procid_set_path(struct image *image, const char *path);

/* Fill self, and write the image of this process with these IMAGE_* flags. */
void procid_enter(struct record *r, struct procid *self, uint32_t flags);

/* Make sure that self is filled: a fork child enters first. */
void procid_known(struct record *r, struct procid *self);

/*
 * The image as it is before an exec: from self and the record when self is
 * this process, from the kernel otherwise.
 */
void procid_before_exec(
    const struct record *r, const struct procid *self, struct image *image);

#endif
