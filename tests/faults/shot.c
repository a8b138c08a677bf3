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
	FORKS = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE,
	PIPE = 1024 * 1024 /* for the log, while nobody reads */
};

static void
trace(enum __ptrace_request request, pid_t pid, uintptr_t data)
{
	if (ptrace(request, pid, NULL, data) == -1)
		err(1, "ptrace");
}

/* Let a traced process run until it forks; its child, stopped and traced. */
static pid_t
next_child(pid_t pid)
{
	unsigned long child = 0;
	int status, event;

	for (;;) {
		status = arena_stopped(pid, SHOT_LIMIT);
		if (status == -1)
			errx(1, "the command does not fork");
		event = status >> 16;
		if (event != 0 && event != PTRACE_EVENT_STOP)
			break;
		trace(PTRACE_CONT, pid,
		    event == 0 ? (uintptr_t)WSTOPSIG(status) : 0);
	}
	trace(PTRACE_GETEVENTMSG, pid, (uintptr_t)&child);
	if (arena_stopped((pid_t)child, SHOT_LIMIT) == -1)
		errx(1, "a child does not stop");
	return (pid_t)child;
}

/*
 * From a stopped process to the one that is so many forks away, which is
 * left stopped by SIGSTOP; all those between go on, and none is traced.
 */
static pid_t
follow(pid_t pid, unsigned int forks)
{
	pid_t child;

	if (arena_stopped(pid, SHOT_LIMIT) == -1)
		errx(1, "a command does not start");
	if (forks == 0)
		return pid;
	trace(PTRACE_SEIZE, pid, FORKS | PTRACE_O_EXITKILL);
	(void)kill(pid, SIGCONT);
	for (; forks > 0; forks--) {
		child = next_child(pid);
		trace(PTRACE_DETACH, pid, 0);
		pid = child;
		if (forks > 1)
			trace(PTRACE_CONT, pid, 0);
	}
	(void)kill(pid, SIGSTOP);
	trace(PTRACE_DETACH, pid, 0);
	return pid;
}

/* The options of strace; the kill comes at the entry of the call. */
static void
describe(const struct shot *shot, char *text, size_t size)
{
	if (shot->call == NULL)
		(void)snprintf(text, size, "-e trace=all");
	else
		(void)snprintf(text, size,
		    "-e trace=%s -e inject=%s:%s=%s:when=%u", shot->call,
		    shot->call,
		    strcmp(shot->fault, "KILL") == 0 ? "signal" : "error",
		    shot->fault, shot->nth);
}

static void
attach(struct shot *shot, pid_t pid)
{
	char options[160], line[256];
	const char *const argv[] = { "sh", "-c", line, NULL };

	describe(shot, options, sizeof(options));
	(void)snprintf(line, sizeof(line),
	    "exec strace -p %d -e signal=kill %s 2>&1", (int)pid, options);
	(void)arena_start(argv, &shot->fd);
	(void)fcntl(shot->fd, F_SETPIPE_SZ, PIPE);
	if (!arena_hear(shot->fd, " attached", SHOT_LIMIT, shot->log,
		sizeof(shot->log)))
		errx(1, "%s", shot->log);
}

pid_t
shot_start(struct shot *shot, const char *const argv[], int *out)
{
	pid_t pid = arena_start_stopped(argv, out),
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
	shot->hit = shot->call != NULL &&
		    strstr(shot->log, strcmp(shot->fault, "KILL") == 0
					  ? "+++ killed by SIGKILL +++"
					  : "(INJECTED)") != NULL;
}
