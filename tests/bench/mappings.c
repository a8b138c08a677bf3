/* SPDX-License-Identifier: ISC */
/*
 * What the look for mappings of the record costs at the end of a lease: the
 * kernel's count when no process is left and when one is, and then the look
 * over /proc that names it.  Medians, on tmpfs.
 *
 * Exits 1 when a look is wrong, or the count with nobody left takes more than
 * 100 us.
 */
#include "kernel/recmaps.h"
#include "proof/members.h"

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAPPER BUILD_DIR "/guests/mapper"

enum { ROUNDS = 2001, LOOKS = 51, BUDGET = 100 /* microseconds */ };

static char path[] = "/dev/shm/bench-mappings-XXXXXX";

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static int
ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Of n times. */
static double
median(double *taken, size_t n)
{
	qsort(taken, n, sizeof(*taken), ascending);
	return taken[n / 2];
}

static double
count(const struct stored *s, enum writers expected)
{
	double taken[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		double begun = now();

		if (recmaps_writers(s->fd) != expected)
			errx(1, "the kernel's count is wrong");
		taken[i] = now() - begun;
	}
	return median(taken, ROUNDS);
}

static double
look(const struct stored *s, pid_t left)
{
	static const struct evidence none;
	double taken[LOOKS];
	struct members m;

	for (int i = 0; i < LOOKS; i++) {
		double begun = now();

		m = (struct members){ 0 };
		if (members_find(&m, s, &none, AMONG_ALL) == -1)
			err(1, "look");
		taken[i] = now() - begun;
		if (m.n != 1 || m.list[0].pid != left)
			errx(1, "the look did not find the process");
		members_free(&m);
	}
	return median(taken, LOOKS);
}

/* A record, and no descriptor of ours that could write to it. */
static void
make_record(struct stored *s)
{
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd == -1 || ftruncate(fd, sizeof(struct record)) == -1 ||
	    (s->fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		err(1, "%s", path);
	s->record =
	    mmap(NULL, sizeof(struct record), PROT_READ, MAP_SHARED, s->fd, 0);
	if (s->record == MAP_FAILED)
		err(1, "%s", path);
	s->counted = true;
	(void)close(fd);
	(void)snprintf(s->path, sizeof(s->path), "%s", path);
}

/* The process that is left; it says a line when it has the mapping. */
static pid_t
start_mapper(void)
{
	int ready[2];
	pid_t pid;
	char c;

	if (pipe2(ready, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		(void)dup2(ready[1], STDOUT_FILENO);
		(void)execl(MAPPER, "mapper", path, (char *)NULL);
		err(127, "%s", MAPPER);
	}
	(void)close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		errx(1, "the process that is left has not started");
	return pid;
}

static unsigned int
processes(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	unsigned int n = 0;

	while (proc != NULL && (entry = readdir(proc)) != NULL)
		n += entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
	if (proc != NULL)
		(void)closedir(proc);
	return n;
}

int
main(void)
{
	struct stored s = { .fd = -1 };
	double nobody;
	pid_t left;

	make_record(&s);
	nobody = count(&s, WRITERS_NONE);
	printf("nobody left: the kernel's count %25.1f us\n", nobody);
	left = start_mapper();
	printf("one process left: the kernel's count %20.1f us\n",
	    count(&s, WRITERS_SOME));
	printf("one process left: the look over %3u processes %11.1f us\n",
	    processes(), look(&s, left));
	(void)kill(left, SIGKILL);
	(void)waitpid(left, NULL, 0);
	(void)close(s.fd);
	(void)unlink(path);
	printf("budget with nobody left, %d us: %s\n", BUDGET,
	    nobody <= BUDGET ? "met" : "missed");
	return nobody > BUDGET;
}
