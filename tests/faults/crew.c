/* SPDX-License-Identifier: ISC */
#include "crew.h"
#include "apart.h"
#include "tests/arena/arena.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PER_CPU = 4 /* much of the time is spent waiting */ };

static _Noreturn void
work_off(_Atomic size_t *next, size_t n, crew_work work, int out)
{
	size_t job;

	apart_enter();
	arena_enter();
	arena_hush();
	while ((job = atomic_fetch_add(next, 1)) < n)
		work(job, out);
	arena_leave();
	exit(0);
}

/* Take results until the last worker has closed the pipe. */
static void
collect(int in, size_t size, void (*take)(const void *result))
{
	char result[PIPE_BUF];
	ssize_t n;

	while ((n = read(in, result, size)) > 0 || (n == -1 && errno == EINTR))
		if (n == (ssize_t)size)
			take(result);
	close(in);
}

int
crew_run(size_t n, crew_work work, size_t size, void (*take)(const void *))
{
	void *shared = mmap(NULL, sizeof(size_t), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	_Atomic size_t *next = shared;
	long workers = sysconf(_SC_NPROCESSORS_ONLN) * PER_CPU;
	int results[2], status, rc = 0;

	if (shared == MAP_FAILED || pipe2(results, O_CLOEXEC) == -1)
		err(1, "crew");
	(void)fflush(stdout);
	for (long i = 0; i < workers; i++) {
		pid_t pid = fork();

		if (pid == -1)
			err(1, "fork");
		if (pid == 0)
			work_off(next, n, work, results[1]);
	}
	close(results[1]);
	collect(results[0], size, take);
	while (wait(&status) > 0)
		if (status != 0)
			rc = -1;
	(void)munmap(shared, sizeof(size_t));
	return rc;
}
