/* SPDX-License-Identifier: ISC */
/*
 * The thread reads the word of the futex, makes the descriptor readable, and
 * then waits until the word is no longer the one that it has read: a listen
 * that comes in between ends the wait at once, futex(2).  The wait ends after a
 * second in any case: a record that another process has truncated was replaced
 * by other memory (sigbus.h), and nobody wakes the word there.
 */
#include "ready/listenwait.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STACK = 128 * 1024 };

struct listenwait {
	struct record *record;
	int fd; /* eventfd */
	_Atomic bool stop;
	pthread_t thread;
};

static void *
wait_for_listens(void *arg)
{
	struct listenwait *w = arg;
	static const struct timespec truncated = { .tv_sec = 1 };
	uint32_t seen;

	for (;;) {
		seen = atomic_load(&w->record->listens);
		if (atomic_load(&w->stop))
			return NULL;
		(void)eventfd_write(w->fd, 1);
		(void)syscall(SYS_futex, &w->record->listens, FUTEX_WAIT, seen,
		    &truncated, NULL, 0);
	}
}

static int
start_thread(struct listenwait *w)
{
	pthread_attr_t attr;
	int error;

	(void)pthread_attr_init(&attr); /* cannot fail on Linux */
	(void)pthread_attr_setstacksize(&attr, STACK);
	error = pthread_create(&w->thread, &attr, wait_for_listens, w);
	(void)pthread_attr_destroy(&attr);
	return error;
}

struct listenwait *
listenwait_begin(struct record *record)
{
	struct listenwait *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->record = record;
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	atomic_fetch_add(&record->waiters, 1);
	if (w->fd != -1 && (errno = start_thread(w)) == 0)
		return w;
	atomic_fetch_sub(&record->waiters, 1);
	if (w->fd != -1)
		close(w->fd);
	free(w);
	return NULL;
}

int
listenwait_fd(const struct listenwait *w)
{
	return w->fd;
}

void
listenwait_take(struct listenwait *w)
{
	eventfd_t n;

	(void)eventfd_read(w->fd, &n);
}

/* Change the word once more: then a thread that is about to wait will not. */
void
listenwait_end(struct listenwait *w)
{
	if (w == NULL)
		return;
	atomic_store(&w->stop, true);
	record_listening(w->record);
	(void)pthread_join(w->thread, NULL);
	atomic_fetch_sub(&w->record->waiters, 1);
	close(w->fd);
	free(w);
}
