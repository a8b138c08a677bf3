/* SPDX-License-Identifier: ISC */
/* The one tracer of the process is at first this program, then strace. */
#include "shot.h"
#include "tests/arena/arena.h"

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	EVENTS = PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_EXITKILL,
	PIPE = 1024 * 1024 /* for the log, while nobody reads */
};

static bool
kills(const struct shot *shot)
{
	return shot->fault != NULL && strcmp(shot->fault, "KILL") == 0;
}

static void
trace(enum __ptrace_request request, pid_t pid, uintptr_t data)
{
	if (ptrace(request, pid, NULL, data) == -1)
		err(1, "ptrace");
}

/* Let a traced process run until it stops for this event. */
static void
run_until(pid_t pid, int event)
{
	int status;

	while ((status = arena_stopped(pid, SHOT_LIMIT)) != -1 &&
	       status >> 16 != event)
		trace(PTRACE_CONT, pid,
		    status >> 16 == 0 ? (uintptr_t)WSTOPSIG(status) : 0);
	if (status == -1)
		errx(1, "a process does not come as far as it should");
}

/* The next child of a traced process, which is traced no more. */
static pid_t
next_child(pid_t pid)
{
	unsigned long child = 0;

	trace(PTRACE_CONT, pid, 0);
	run_until(pid, PTRACE_EVENT_FORK);
	trace(PTRACE_GETEVENTMSG, pid, (uintptr_t)&child);
	run_until((pid_t)child, PTRACE_EVENT_STOP);
	trace(PTRACE_DETACH, pid, 0);
	return (pid_t)child;
}

/*
 * From a process that is stopped before its execve(2) to the one that is so
 * many forks away, which is left stopped by SIGSTOP; the others go on.
 */
static pid_t
follow(pid_t pid, unsigned int forks)
{
	if (arena_stopped(pid, SHOT_LIMIT) == -1)
		errx(1, "a command does not start");
	trace(PTRACE_SEIZE, pid, EVENTS);
	(void)kill(pid, SIGCONT);
	run_until(pid, PTRACE_EVENT_EXEC);
	for (; forks > 0; forks--)
		pid = next_child(pid);
	(void)kill(pid, SIGSTOP);
	trace(PTRACE_DETACH, pid, 0);
	return pid;
}

/* The kill comes at the entry of the call. */
static void
attach(struct shot *shot, pid_t target)
{
	const char *call = shot->call != NULL ? shot->call : "all";
	char pid[16], calls[32], inject[96];
	const char *const argv[] = { "strace", "-p", pid, "-e", "signal=kill",
		"-e", calls, shot->call != NULL ? "-e" : NULL, inject, NULL };

	(void)snprintf(pid, sizeof(pid), "%d", (int)target);
	(void)snprintf(calls, sizeof(calls), "trace=%s", call);
	(void)snprintf(inject, sizeof(inject), "inject=%s:%s=%s:when=%u", call,
	    kills(shot) ? "signal" : "error", shot->fault, shot->nth);
	(void)arena_start_as(ARENA_STDERR, argv, &shot->fd);
	(void)fcntl(shot->fd, F_SETPIPE_SZ, PIPE);
	if (!arena_hear(shot->fd, " attached", SHOT_LIMIT, shot->log,
		sizeof(shot->log)))
		errx(1, "%s", shot->log);
}

pid_t
shot_start(struct shot *shot, const char *const argv[], int *out)
{
	pid_t pid = arena_start_as(ARENA_STOP, argv, out),
	      target = follow(pid, shot->forks);

	attach(shot, target);
	(void)kill(target, SIGCONT);
	return pid;
}

void
shot_end(struct shot *shot)
{
	shot->ended = arena_hear(
	    shot->fd, NULL, SHOT_LIMIT, shot->log, sizeof(shot->log));
	close(shot->fd);
	shot->hit = strstr(shot->log, kills(shot) ? "+++ killed by SIGKILL +++"
						  : "(INJECTED)") != NULL;
}
