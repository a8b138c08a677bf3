/* SPDX-License-Identifier: ISC */
/*
 * A thread that was made by vfork(2) has no address to clear when it leaves
 * the memory that it shares with its parent; a thread of libc's always has
 * one, and takes all memory with it when it becomes another program.
 */
#include "hook/scratch.h"

#include "lease/errno.h"
#include "lease/sys.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>

enum {
	SLOTS = 8, /* threads at once; more ask the kernel each time */
	LEAST = 65536 /* bytes: most calls need no more */
};

/* Taken while `user` is not 0; only its taker writes the rest. */
static struct slot {
	_Atomic int32_t user;
	struct block *block; /* NULL: none yet */
} slots[SLOTS];

struct block {
	size_t size; /* of all of it */
	struct slot *slot; /* NULL: to be unmapped */
	bool marked; /* the kernel clears the slot */
	alignas(16) char room[];
};

static struct block *
map(size_t size)
{
	struct block *b = sys_mmap(size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);

	if (b == MAP_FAILED)
		return NULL;
	b->size = size;
	return b;
}

static struct slot *
take_slot(void)
{
	int32_t free;

	for (size_t i = 0; i < SLOTS; i++) {
		free = 0;
		if (atomic_compare_exchange_strong(&slots[i].user, &free, 1))
			return &slots[i];
	}
	return NULL;
}

/* Let the kernel clear the slot, if nothing else is to be cleared. */
static bool
mark(struct slot *slot)
{
	int *cleared = NULL;

	if (sys_prctl(PR_GET_TID_ADDRESS, &cleared) == -1 || cleared != NULL)
		return false;
	(void)sys_raw(SYS_set_tid_address, (long)&slot->user, 0, 0, 0, 0, 0);
	return true;
}

/* The block of this slot, of at least so many bytes. */
static struct block *
fit(struct slot *slot, size_t size)
{
	struct block *b = slot->block;

	if (b != NULL && b->size >= size)
		return b;
	slot->block = map(size);
	if (b != NULL)
		sys_munmap(b, b->size);
	return slot->block;
}

void *
scratch_take(size_t n)
{
	size_t size = n + sizeof(struct block);
	struct slot *slot = take_slot();
	struct block *b;
	KEEP_ERRNO;

	size = size < LEAST ? LEAST : (size | 4095) + 1;
	b = slot != NULL ? fit(slot, size) : map(size);
	if (b == NULL) {
		if (slot != NULL)
			atomic_store(&slot->user, 0);
		kept = ENOMEM;
		return NULL;
	}
	b->slot = slot;
	b->marked = slot != NULL && mark(slot);
	return b->room;
}

void
scratch_give(void *at)
{
	struct block *b =
	    (struct block *)((char *)at - offsetof(struct block, room));
	KEEP_ERRNO;

	if (b->slot == NULL) {
		sys_munmap(b, b->size);
		return;
	}
	if (b->marked)
		(void)sys_raw(SYS_set_tid_address, 0, 0, 0, 0, 0, 0);
	atomic_store(&b->slot->user, 0);
}
