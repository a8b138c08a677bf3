/* SPDX-License-Identifier: ISC */
/*
 * Byte 0 is the monitor's lock.  A caller of `release` locks byte 2^32 + its
 * pid, beyond the end of any record.
 */
#include "kernel/reclock.h"
#include "base/fail.h"

#include <fcntl.h>
#include <limits.h>

#define CALLERS ((off_t)1 << 32)

static int
lock(int fd, off_t at)
{
	struct flock want = { .l_type = F_RDLCK, .l_start = at, .l_len = 1 };

	return fcntl(fd, F_SETLK, &want);
}

/* Has another process locked any of these bytes? */
static bool
locked(int fd, off_t first, off_t last, struct flock *found)
{
	*found = (struct flock){
		.l_type = F_WRLCK, .l_start = first, .l_len = last - first + 1
	};
	return first <= last && fcntl(fd, F_GETLK, found) == 0 &&
	       found->l_type != F_UNLCK;
}

int
reclock_take(int fd)
{
	return lock(fd, 0);
}

bool
reclock_monitor(int fd, pid_t *monitor)
{
	struct flock found;
	bool lives = locked(fd, 0, 0, &found);

	*monitor = lives && found.l_pid > 0 ? found.l_pid : 0;
	return lives;
}

int
reclock_ask(int fd, pid_t *holder)
{
	off_t at = CALLERS + getpid();
	struct flock found;
	int error;

	*holder = 0;
	if (lock(fd, at) == 0)
		return 0;
	error = errno;
	if (locked(fd, at, at, &found) && found.l_pid > 0)
		*holder = found.l_pid;
	return fail(error);
}

/*
 * The kernel names one lock at a time: ask again on either side of it.  A
 * caller locks one byte; a lock of another length (0: to the end of the file)
 * is none of ours.
 */
static void
callers_between(int fd, off_t first, off_t last,
    void (*each)(pid_t pid, void *arg), void *arg)
{
	struct flock found;

	while (locked(fd, first, last, &found)) {
		if (found.l_pid > 0 && found.l_len == 1)
			each(found.l_pid, arg);
		callers_between(fd, first, found.l_start - 1, each, arg);
		if (found.l_len == 0)
			break;
		first = found.l_start + found.l_len;
	}
}

void
reclock_callers(int fd, void (*each)(pid_t pid, void *arg), void *arg)
{
	callers_between(fd, CALLERS, CALLERS + INT_MAX, each, arg);
}
