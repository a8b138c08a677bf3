/* SPDX-License-Identifier: ISC */
#include "why/process.h"
#include "kernel/procfs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ANCESTORS = 4096, STATUS = 16384 };

static uint64_t
hexadecimal(const char *status, const char *key)
{
	const char *value = procfs_parse_value(status, key);

	return value != NULL ? strtoull(value, NULL, 16) : 0;
}

static void
look_at_status(struct process *p)
{
	char text[STATUS];
	struct procfs_status status;
	const char *dumping;

	if (procfs_read(text, sizeof(text), "/proc/%d/status", p->pid) < 0 ||
	    procfs_parse_status(text, &status) == -1)
		return;
	p->uid = status.uid;
	p->tracer = status.tracer;
	p->ignores = hexadecimal(text, "SigIgn:") >> (SIGTERM - 1) & 1;
	dumping = procfs_parse_value(text, "CoreDumping:");
	p->dumping = dumping != NULL && strtol(dumping, NULL, 10) != 0;
}

static void
look_at_exe(struct process *p)
{
	char path[32];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", p->pid);
	n = readlink(path, p->exe, sizeof(p->exe) - 1);
	p->exe[n > 0 ? n : 0] = '\0';
}

static void
look(struct process *p, pid_t pid)
{
	struct procfs_stat stat;

	*p = (struct process){ .pid = pid };
	if (procfs_stat(pid, &stat) == -1)
		return;
	p->start = stat.start;
	p->parent = stat.ppid;
	p->state = stat.state;
	p->headless = stat.state == 'Z' && stat.threads > 1;
	p->session = getsid(pid);
	look_at_status(p);
	look_at_exe(p);
	if (procfs_cmdline(pid, p->line, sizeof(p->line)) == -1)
		(void)snprintf(p->line, sizeof(p->line), "[%s]", stat.comm);
}

const struct process *
processes_get(struct processes *all, pid_t pid)
{
	struct process **list, *p;

	for (size_t i = all->n; i-- > 0;)
		if (all->list[i]->pid == pid)
			return all->list[i];
	list = reallocarray(all->list, all->n + 1, sizeof(struct process *));
	p = malloc(sizeof(*p));
	if (list != NULL)
		all->list = list;
	if (list == NULL || p == NULL) {
		free(p);
		return NULL;
	}
	look(p, pid);
	return all->list[all->n++] = p;
}

void
processes_free(struct processes *all)
{
	for (size_t i = 0; i < all->n; i++)
		free(all->list[i]);
	free(all->list);
	*all = (struct processes){ 0 };
}

bool
processes_descends(struct processes *all, pid_t pid, pid_t ancestor)
{
	const struct process *p = processes_get(all, pid);

	for (int i = 0; i < ANCESTORS && p != NULL && p->parent > 0; i++) {
		if (p->parent == ancestor)
			return true;
		p = processes_get(all, p->parent);
	}
	return false;
}

/* The leader of the session of a daemon that forked twice is gone. */
bool
process_left_session(const struct process *p, pid_t reaper)
{
	return (p->parent == 1 || (reaper != 0 && p->parent == reaper)) &&
	       p->session > 0 &&
	       (p->session == p->pid ||
		   (kill(p->session, 0) == -1 && errno == ESRCH));
}

/* Start times count from the boot, with the time that it was suspended. */
uint64_t
process_monotonic(uint64_t start)
{
	struct timespec boot, mono;
	int64_t asleep;
	uint64_t since = start * (1000000000U / (uint64_t)sysconf(_SC_CLK_TCK));

	(void)clock_gettime(CLOCK_BOOTTIME, &boot);
	(void)clock_gettime(CLOCK_MONOTONIC, &mono);
	asleep = (boot.tv_sec - mono.tv_sec) * 1000000000 +
		 (boot.tv_nsec - mono.tv_nsec);
	return asleep > 0 && since > (uint64_t)asleep ? since - (uint64_t)asleep
						      : since;
}
