/* SPDX-License-Identifier: ISC */
/*
 * The look costs some microseconds a record; only an orphan costs more.  Two
 * who start a reaper at once do no harm: the orphan's sentinel decides.
 */
#include "claim/orphans.h"
#include "base/fault.h"
#include "kernel/procfs.h"
#include "store/identity.h"
#include "store/lease.h"

#include <errno.h>
#include <fcntl.h>
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
	uint32_t ip; /* that our caller sees to himself */
	char boot[PROCFS_BOOT_ID]; /* "" unknown */
	unsigned int alive; /* monitors whose pids exist */
	struct identity sample; /* one of these, each with equal chance */
};

/*
 * A pid that is gone needs no second question.  Start times cost 10 us each,
 * so of the others only one is asked for its own: a pid that was reused is
 * found by one of the next leases.
 */
static int
lost(uint32_t ip, const struct identity *id, void *arg)
{
	struct look *look = arg;

	if (ip == look->ip)
		return 0;
	if (identity_past(id, look->boot))
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

/* What is started inside a lease is that one's, and is ended with it. */
static bool
inside(void)
{
	return getenv("PORTLEASE_RECORD") != NULL;
}

static bool
any(const struct options *o, int64_t then)
{
	struct look look = { .then = then, .ip = o->ip };
	uint64_t netns;

	if (fault("orphans.look") == -1 ||
	    procfs_namespace("net", &netns) == -1 ||
	    procfs_namespace("pid", &look.pidns) == -1)
		return false;
	if (procfs_boot_id(look.boot) == -1)
		look.boot[0] = '\0';
	return store_identities(netns, lost, &look) != 0 ||
	       (look.alive > 0 && !lease_monitor_lives(&look.sample));
}

/* A mark of some lease in its environment would make it a tenant there. */
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

static _Noreturn void
become_reaper(const struct options *o)
{
	char grace[32], sig[16], *env[KEPT + 1];
	char *args[] = { (char[]){ "portlease" }, (char[]){ "reap" },
		(char[]){ "--all" }, (char[]){ "-q" }, (char[]){ "-g" }, grace,
		(char[]){ "-s" }, sig, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	(void)snprintf(grace, sizeof(grace), "%lldms", (long long)o->grace);
	(void)snprintf(sig, sizeof(sig), "%d", o->sig);
	fill_environment(env);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (null == -1 || dup2(null, 0) == -1 || dup2(null, 1) == -1 ||
	    dup2(null, 2) == -1 || close_range(3, ~0U, 0) == -1 ||
	    chdir("/") == -1)
		_exit(EXIT_PORTLEASE);
	(void)execve("/proc/self/exe", args, env);
	_exit(EXIT_PORTLEASE);
}

void
orphans_finish(const struct options *o, int64_t then)
{
	pid_t between, pid;

	if (inside() || !any(o, then))
		return;
	between = fault("orphans.found") == -1 ? -1 : fork();
	if (between == 0) {
		(void)setsid();
		pid = fork();
		if (pid == 0)
			become_reaper(o);
		_exit(0);
	}
	if (between != -1)
		(void)waitpid(between, NULL, 0);
}
