/* SPDX-License-Identifier: ISC */
/*
 * The look costs some microseconds a record; only an orphan costs more.  Two
 * reapers started at once do no harm: the lock of the address decides.
 */
#include "claim/orphans.h"
#include "claim/reapchild.h"
#include "kernel/procfs.h"
#include "store/records.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Variables that say where records are; the reaper gets no others. */
static const char *const kept[] = { "PORTLEASE_DIR", "XDG_RUNTIME_DIR" };

enum { KEPT = sizeof(kept) / sizeof(*kept) };

struct look {
	int64_t then; /* clock_ms: leases since then do not count */
	uint64_t pidns;
	uint32_t ip; /* that our caller finishes itself */
	char boot[PROCFS_BOOT_ID]; /* "" unknown */
	unsigned int alive; /* monitors whose pids exist */
	struct identity sample; /* one of these, each with equal chance */
};

/*
 * A monitor whose pid is gone is lost.  Of the others only one, chosen at
 * random, is asked for its start time, which costs 10 us: a pid that was
 * reused is found by one of the next leases.
 */
static int
lost(uint32_t ip, const struct identity *id, void *arg)
{
	struct look *look = arg;

	if (ip == look->ip)
		return 0;
	if (store_past(id, look->boot))
		return 1;
	if (id->pidns != look->pidns || id->monitor <= 0 ||
	    (int64_t)(id->since / 1000000) >= look->then)
		return 0;
	if (kill(id->monitor, 0) == -1 && errno == ESRCH)
		return 1;
	if (arc4random_uniform(++look->alive) == 0)
		look->sample = *id;
	return 0;
}

static bool
any(const struct options *o, int64_t then)
{
	struct look look = { .then = then, .ip = o->ip };
	uint64_t netns;

	if (procfs_namespace("net", &netns) == -1 ||
	    procfs_namespace("pid", &look.pidns) == -1)
		return false;
	if (procfs_boot_id(look.boot) == -1)
		look.boot[0] = '\0';
	return records_identities(NULL, netns, lost, &look) != 0 ||
	       (look.alive > 0 &&
		   !procfs_alive(look.sample.monitor, look.sample.start));
}

/* The mark of a lease in its environment would make it a member there. */
static void
fill_environment(char *env[KEPT + 1])
{
	const char *value;

	for (size_t i = 0; i < KEPT; i++) {
		value = getenv(kept[i]);
		if (value != NULL &&
		    asprintf(env, "%s=%s", kept[i], value) != -1)
			env++;
	}
	*env = NULL;
}

void
orphans_finish(const struct options *o, int64_t then)
{
	char *env[KEPT + 1];
	pid_t between;

	/* What is started inside a lease is that one's, and ends with it. */
	if (getenv("PORTLEASE_RECORD") != NULL || !any(o, then))
		return;
	between = fork();
	if (between == 0) {
		(void)setsid();
		if (fork() == 0) {
			fill_environment(env);
			reapchild_exec(0, o->sig, o->grace, -1, env);
		}
		_exit(0);
	}
	if (between != -1)
		(void)waitpid(between, NULL, 0);
}
