/* SPDX-License-Identifier: ISC */
/*
 * Lets everything that can go wrong go wrong once: every fault point with
 * every kind of fault.  Whatever the command came to, `reap --all` and a new
 * lease must leave no process, no socket and no state file but the history.
 *
 * run BUILD-DIRECTORY
 */
#include "base/fault.h"
#include "base/text.h"
#include "kernel/addrlock.h"
#include "kernel/procfs.h"
#include "kernel/sockdiag.h"
#include "store/records.h"
#include "store/store.h"
#include "tests/arena/arena.h"

#include <sys/wait.h>

#include <dirent.h>
#include <err.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LIMIT = 10000, ROUNDS = 20, ROUND = 200 /* milliseconds */ };

static char portlease[512], guest[512];
static uint32_t orphan; /* the address that lost its monitor last */

/* What went wrong with the case at hand, for people. */
static char complaint[1024];

__attribute__((format(printf, 1, 2))) static void
complain(const char *format, ...)
{
	size_t used = strlen(complaint);
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(complaint + used, sizeof(complaint) - used, format, ap);
	va_end(ap);
}

static int
kill_monitor(const struct statedir *dir, struct stored *s, void *arg)
{
	(void)dir;
	(void)arg;
	if (s->record != NULL && s->record->identity.monitor > 1)
		(void)kill(s->record->identity.monitor, SIGKILL);
	orphan = s->ip;
	return 0;
}

/* A server that is asked to end as soon as it is ready. */
static int
serve(void)
{
	const char *const argv[] = { portlease, "run", "-q", "-g", "1s", "-p",
		"9926", guest, "9926", NULL };
	int out;
	pid_t pid = arena_start(argv, &out);

	if (arena_says(out, "ready", LIMIT))
		(void)kill(pid, SIGTERM);
	close(out);
	return arena_wait(pid, LIMIT);
}

/* A command that leaves somebody behind. */
static int
straggle(void)
{
	const char *const argv[] = { portlease, "run", "-q", "-g", "200ms",
		"sh", "-c", "sleep 600 >/dev/null & exit 0", NULL };

	return arena_run(argv, LIMIT);
}

static int
acquire(void)
{
	const char *const argv[] = { "sh", "-c",
		"eval \"$(\"$0\" acquire -q --sh --owner $$)\" && "
		"exec \"$0\" release -q",
		portlease, NULL };

	return arena_run(argv, LIMIT);
}

/* Leave an orphan, without any fault. */
static void
lose_monitor(uint64_t netns)
{
	const char *const argv[] = { portlease, "run", "-q", "-p", "9926",
		guest, "9926", NULL };
	char *armed = strdup(getenv("PORTLEASE_FAULT"));
	int out;
	pid_t pid;

	(void)unsetenv("PORTLEASE_FAULT");
	pid = arena_start(argv, &out);
	if (!arena_says(out, "ready", LIMIT))
		complain("no server; ");
	(void)records_each(netns, kill_monitor, NULL);
	(void)arena_wait(pid, LIMIT);
	close(out);
	(void)setenv("PORTLEASE_FAULT", armed, 1);
	free(armed);
}

static int
trap(void)
{
	const char *const argv[] = { portlease, "run", "-q", "-g", "1s",
		"--trap", "true", NULL };

	return arena_run(argv, LIMIT);
}

static uint64_t
network(void)
{
	uint64_t netns = 0;

	(void)procfs_namespace("net", &netns);
	return netns;
}

static int
reap(void)
{
	const char *const argv[] = { portlease, "reap", "--all", "-q", "-g",
		"1s", NULL };

	lose_monitor(network());
	return arena_run(argv, LIMIT);
}

static int
run_beside_orphan(void)
{
	const char *const argv[] = { portlease, "run", "-q", "-g", "1s", "true",
		NULL };

	lose_monitor(network());
	return arena_run(argv, LIMIT);
}

/* Whoever wants the address of an orphan has it finished. */
static int
adopt_orphan(void)
{
	char ip[16];
	const char *const argv[] = { portlease, "run", "-q", "-g", "1s",
		"--wait", "10s", "--ip", ip, "true", NULL };

	lose_monitor(network());
	text_address(orphan, ip);
	return arena_run(argv, LIMIT);
}

/* Points that a mere server does not pass. */
static const struct scene {
	const char *point;
	int (*play)(void);
} scenes[] = {
	{ "acquire.", acquire },
	{ "release.", acquire },
	{ "stub.trap", trap },
	{ "tree.", straggle },
	{ "reap.", reap },
	{ "orphans.found", run_beside_orphan },
	{ "adopt.", adopt_orphan },
};

static int
play(const char *point)
{
	for (size_t i = 0; i < sizeof(scenes) / sizeof(*scenes); i++)
		if (strncmp(point, scenes[i].point, strlen(scenes[i].point)) ==
		    0)
			return scenes[i].play();
	return serve();
}

static void
check_files(void)
{
	DIR *dir = opendir(arena_state());
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    strcmp(entry->d_name, "went-off") != 0 &&
		    strncmp(entry->d_name, "history-", 8) != 0)
			complain("%s is left; ", entry->d_name);
	if (dir != NULL)
		closedir(dir);
}

static void
check_sockets(void)
{
	struct sockdiag *diag = sockdiag_open();
	char at[TEXT_ENDPOINT];
	struct sockets all = { 0 };

	if (diag == NULL || sockdiag_tcp(diag, POOL_NET, 10, &all) == -1)
		complain("sock_diag; ");
	for (size_t i = 0; i < all.n; i++)
		if (all.list[i].inode != 0)
			complain("socket %s %s; ",
			    text_endpoint(&all.list[i].local, at),
			    sockdiag_state_name(all.list[i].state));
	sockets_free(&all);
	sockdiag_close(diag);
}

/* Whatever happened: this must be enough. */
static void
recover(void)
{
	const char *const argv[] = { portlease, "reap", "--all", "-q", "-g",
		"1s", NULL };
	int status = -1;
	bool quiet = false;

	(void)unsetenv("PORTLEASE_FAULT");
	for (int i = 0; i < ROUNDS && !(quiet && status == 0); i++) {
		quiet = arena_quiet(ROUND);
		status = arena_run(argv, LIMIT);
		quiet = quiet && arena_quiet(0);
	}
	if (status != 0)
		complain("reap: status %x; ", (unsigned int)status);
	if (!quiet)
		complain("processes are left; ");
	status = acquire();
	if (status != 0)
		complain("acquire: status %x; ", (unsigned int)status);
	if (!arena_quiet(LIMIT))
		complain("acquire leaves processes; ");
	check_files();
	if (arena_private())
		check_sockets();
}

static void
outcome(int status, char text[static 16])
{
	if (status == -1)
		(void)snprintf(text, 16, "hung");
	else if (WIFSIGNALED(status))
		(void)snprintf(
		    text, 16, "SIG%s", sigabbrev_np(WTERMSIG(status)));
	else
		(void)snprintf(text, 16, "%d", WEXITSTATUS(status));
}

static void
try(const char *point, const char *kind, char text[static 16])
{
	char armed[256], hit[128];
	int status;

	complaint[0] = '\0';
	(void)snprintf(hit, sizeof(hit), "%s/went-off", arena_state());
	(void)snprintf(armed, sizeof(armed), "%s:%s:%s", point, kind, hit);
	(void)setenv("PORTLEASE_FAULT", armed, 1);
	status = play(point);
	outcome(status, text);
	if (status == -1)
		complain("the command hangs; ");
	recover();
	if (unlink(hit) == -1)
		complain("was never passed; ");
}

static unsigned int
print_row(const struct fault_point *point)
{
	char text[16], all[4096] = "";
	unsigned int failed = 0;
	size_t used = 0;

	printf("%-18s", point->name);
	for (size_t i = 0; i < fault_nkinds; i++) {
		if (i > 0 && !point->fails) {
			printf(" %8s", "-");
			continue;
		}
		try(point->name, fault_kinds[i], text);
		printf(" %8s", text);
		fflush(stdout);
		if (complaint[0] == '\0')
			continue;
		failed++;
		used += (size_t)snprintf(all + used, sizeof(all) - used,
		    "    %s: %s\n", fault_kinds[i], complaint);
	}
	printf("\n%s", all);
	return failed;
}

int
main(int argc, char *argv[])
{
	unsigned int failed = 0;

	if (argc < 2)
		errx(2, "usage: run BUILD-DIRECTORY [POINT]");
	(void)snprintf(portlease, sizeof(portlease), "%s/portlease", argv[1]);
	(void)snprintf(guest, sizeof(guest), "%s/guests/fixedport", argv[1]);
	arena_enter();
	if (argc < 3)
		arena_hush();
	printf("How the command ended, by what went wrong where; afterwards "
	       "nothing is left.\n%-18s",
	    "");
	for (size_t i = 0; i < fault_nkinds; i++)
		printf(" %8s", fault_kinds[i]);
	printf("\n");
	for (size_t i = 0; i < fault_npoints; i++)
		if (argc < 3 || strcmp(fault_points[i].name, argv[2]) == 0)
			failed += print_row(&fault_points[i]);
	arena_leave();
	printf("%u of the cases left something\n", failed);
	return failed > 0;
}
