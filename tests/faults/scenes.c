/* SPDX-License-Identifier: ISC */
/* Every wait has an end, whatever was killed. */
#include "scenes.h"
#include "tests/arena/arena.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAID = 5000 /* milliseconds until it is ready, if it ever is */ };

static char portlease[512], guest[512], raw[512];

/* One declared port, so that there are fewer calls of the same kind. */
#define RUN portlease, "run", "-q", "-g", "1s", "-p", "9926"

/* Copy what follows the key in the text, up to an end; "" without it. */
static void
find(const char *text, const char *key, const char *end, char *value,
    size_t size)
{
	const char *at = strstr(text, key);
	size_t len = at == NULL ? 0 : strcspn(at += strlen(key), end);

	(void)snprintf(value, size, "%.*s", (int)len, at == NULL ? "" : at);
}

/*
 * A server that is asked to end as soon as the monitor says that it is ready,
 * or whose monitor is killed as soon as it says so itself.  With a shot it may
 * be that it is never said to be ready.
 */
static void
play_server(struct shot *shot, struct played *out, bool lose)
{
	const char *const argv[] = { RUN, "--ready-listen", "9926",
		"--status-fd", "1", "--", guest, "9926", NULL };
	char said[4096], monitor[16];
	int fd;
	pid_t pid =
	    shot == NULL ? arena_start(argv, &fd) : shot_start(shot, argv, &fd);

	(void)arena_hear(fd, lose ? "ready pid" : "\"event\":\"ready\"",
	    shot == NULL ? SHOT_LIMIT : SAID, said, sizeof(said));
	find(said, "\"address\":\"", "\"", out->ip, sizeof(out->ip));
	find(said, "\"monitor\":", ",", monitor, sizeof(monitor));
	if (!lose)
		(void)kill(pid, SIGTERM);
	else if (atoi(monitor) > 1)
		(void)kill(atoi(monitor), SIGKILL);
	out->status = arena_wait(pid, SHOT_LIMIT);
	close(fd);
}

static void
serve(struct shot *shot, struct played *out)
{
	play_server(shot, out, false);
}

/* Without any fault: processes whose monitor was killed. */
static void
leave_orphan(struct played *out)
{
	play_server(NULL, out, true);
}

static int
run(struct shot *shot, const char *const argv[])
{
	return arena_wait(shot_start(shot, argv, NULL), SHOT_LIMIT);
}

/* A command that leaves a process behind. */
static void
straggle(struct shot *shot, struct played *out)
{
	const char *const argv[] = { RUN, "sh", "-c",
		"sleep 600 >/dev/null & exit 0", NULL };

	out->status = run(shot, argv);
}

/* Returns the owner of the lease, which ends with that process. */
static pid_t
lease(struct shot *shot, struct played *out)
{
	static const char *const rest[] = { "sleep", "600", NULL };
	char number[16], said[4096];
	pid_t owner = arena_start(rest, NULL), pid;
	const char *const argv[] = { portlease, "acquire", "-q", "-p", "9926",
		"--owner", number, NULL };
	int fd;

	(void)snprintf(number, sizeof(number), "%d", (int)owner);
	pid =
	    shot == NULL ? arena_start(argv, &fd) : shot_start(shot, argv, &fd);
	(void)arena_hear(fd, NULL, SHOT_LIMIT, said, sizeof(said));
	close(fd);
	find(said, "PORTLEASE_IP='", "'", out->ip, sizeof(out->ip));
	out->status = arena_wait(pid, SHOT_LIMIT);
	return owner;
}

static void
acquire(struct shot *shot, struct played *out)
{
	(void)kill(lease(shot, out), SIGKILL);
}

static void
release(struct shot *shot, struct played *out)
{
	const char *const argv[] = { portlease, "release", "-q", out->ip,
		NULL };
	pid_t owner = lease(NULL, out);

	out->status = run(shot, argv);
	(void)kill(owner, SIGKILL);
}

static void
reap(struct shot *shot, struct played *out)
{
	const char *const argv[] = { portlease, "reap", "--all", "-q", "-g",
		"1s", NULL };

	leave_orphan(out);
	out->status = run(shot, argv);
}

static void
run_beside_orphan(struct shot *shot, struct played *out)
{
	const char *const argv[] = { RUN, "true", NULL };

	leave_orphan(out);
	out->status = run(shot, argv);
}

/* A run that asks for the address of an orphan has it finished first. */
static void
adopt_orphan(struct shot *shot, struct played *out)
{
	const char *const argv[] = { RUN, "--wait", "10s", "--ip", out->ip,
		"true", NULL };

	leave_orphan(out);
	out->status = run(shot, argv);
}

/* A program that the shim is not in asks, and is answered by the monitor. */
static void
trap(struct shot *shot, struct played *out)
{
	const char *const argv[] = { RUN, "--trap", "sh", "-c",
		"\"$0\" ask 9926 >/dev/null; exit 0", raw, NULL };

	out->status = run(shot, argv);
}

const struct scene scenes[] = {
	{ "front of run", serve, 0, .trial = TRIAL_ALL },
	{ "monitor of run", serve, 1, .trial = TRIAL_TWO },
	{ "command of run, before its exec", serve, 2, .trial = TRIAL_ALL,
	    .execs = true },
	{ "monitor of run, a process is left", straggle, 1, .from = "waitid(" },
	{ "front of acquire", acquire, 0, .from = FAULTS_MAIN },
	{ "monitor of acquire", acquire, 1, .from = "renameat" },
	{ "release", release, 0, .from = FAULTS_MAIN },
	{ "reap", reap, 0, .trial = TRIAL_TWO, .from = FAULTS_MAIN },
	{ "front of run, beside an orphan", run_beside_orphan, 0,
	    .from = FAULTS_MAIN },
	{ "monitor of run, an orphan has the address", adopt_orphan, 1,
	    .from = FAULTS_MAIN },
	{ "monitor of run --trap, takes the filter", trap, 1,
	    .from = "recvmsg(", .until = "epoll_create1(" },
	{ "monitor of run --trap, answers", trap, 1, .from = "ioctl(" },
	{ "command of run --trap, before its exec", trap, 2, .execs = true },
};
const size_t scenes_n = sizeof(scenes) / sizeof(*scenes);

void
scenes_begin(const char *build)
{
	(void)snprintf(portlease, sizeof(portlease), "%s/portlease", build);
	(void)snprintf(guest, sizeof(guest), "%s/guests/fixedport", build);
	(void)snprintf(raw, sizeof(raw), "%s/guests/static-raw", build);
}

int
scenes_reap(void)
{
	const char *const argv[] = { portlease, "reap", "--all", "-q", "-g",
		"1s", NULL };

	return arena_run(argv, SHOT_LIMIT);
}

int
scenes_lease(const char *ip)
{
	const char *const any[] = { RUN, "true", NULL };
	const char *const one[] = { RUN, "--ip", ip, "true", NULL };

	return arena_run(ip[0] == '\0' ? any : one, SHOT_LIMIT);
}
