/* SPDX-License-Identifier: ISC */
/*
 * Leases by the hundred, ended in every way: well, by a signal, with leaks,
 * with the front, the monitor, the command or the owner killed at random
 * moments, and two reapers racing all the while.  The observer watches.  At
 * the end nothing may be left.
 *
 * driver BUILD-DIRECTORY, with SOAK_SECONDS, SOAK_LEASES, SOAK_SEED
 */
#include "tests/arena/arena.h"

#include <sys/pidfd.h>
#include <sys/wait.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	SLOTS = 1000,
	IDS = 18000, /* ports from 10000 that tell tenants apart */
	ADOPTED = 12, /* addresses that are fought for */
	LIFE = 12000, /* milliseconds of a lease, at most */
	REAP_EVERY = 700,
	START_EVERY = 8,
	AGAIN = 20, /* milliseconds */
	END = 60000
};

/* How a lease ends. */
enum fate {
	WELL,
	TERM,
	LEAK,
	FRONT_AFTER_TERM,
	FRONT,
	MONITOR,
	COMMAND,
	SCRIPT,
	OWNER,
	FATES
};

static const struct {
	const char *name;
	int weight;
} fates[FATES] = {
	[WELL] = { "ended well", 25 },
	[TERM] = { "got SIGTERM", 15 },
	[LEAK] = { "leaked a child", 15 },
	[FRONT_AFTER_TERM] = { "front killed 0-400 ms after SIGTERM", 15 },
	[FRONT] = { "front killed", 5 },
	[MONITOR] = { "monitor killed", 12 },
	[COMMAND] = { "command killed", 3 },
	[SCRIPT] = { "acquired and released", 5 },
	[OWNER] = { "owner killed", 5 },
};

struct slot {
	pid_t pid; /* 0 free; of the front, or the script */
	enum fate fate;
	long long at; /* when it happens, 0 not or no more */
	long long kill; /* SIGKILL to the front, 0 none */
};

static struct {
	char portlease[512], tenant[512], observer[512];
	struct slot slots[SLOTS];
	int leases;
	unsigned int id;
	pid_t reapers[2];
	unsigned int started[FATES], status[4], adopted, reaps, monitors;
} soak;

static int
below(int n)
{
	return rand() % n;
}

static enum fate
draw(void)
{
	int sum = 0, n;
	enum fate f = 0;

	for (int i = 0; i < FATES; i++)
		sum += fates[i].weight;
	for (n = below(sum); n >= fates[f].weight; f++)
		n -= fates[f].weight;
	return f;
}

/* The tenant's own words, in text. */
static void
tenant_line(char text[static 768], enum fate fate, int life)
{
	const char *child = fate == LEAK ? (below(2) ? "-c" : "-d") : "";
	char lifetime[32] = "";

	if (fate == WELL || fate == LEAK || fate == SCRIPT)
		(void)snprintf(lifetime, sizeof(lifetime), "-l %d", life);
	(void)snprintf(text, 768, "%s %s %s -t %d 9926 %u", soak.tenant, child,
	    lifetime, below(3) == 0 ? below(300) : 0, 10000 + soak.id++ % IDS);
}

static pid_t
start_script(enum fate fate, const char *line)
{
	char text[2048];
	const char *const argv[] = { "sh", "-c", text, NULL };

	(void)snprintf(text, sizeof(text),
	    "eval \"$(%s acquire -q -g 400ms -p 9926 --sh --owner $$)\" || "
	    "exit 1; %s & wait; exec %s release -q",
	    soak.portlease, line, soak.portlease);
	(void)fate;
	return arena_start(argv, NULL);
}

static pid_t
start_run(const char *line)
{
	char text[1024], ip[16];
	const char *argv[] = { soak.portlease, "run", "-q", "-g", "400ms", "-p",
		"9926", "--wait", "30s", "--", "sh", "-c", text, NULL, NULL,
		NULL };

	(void)snprintf(text, sizeof(text), "exec %s", line);
	if (below(4) == 0) {
		(void)snprintf(ip, sizeof(ip), "127.9.%d.1", below(ADOPTED));
		memmove(&argv[11], &argv[9], 4 * sizeof(*argv));
		argv[9] = "--ip";
		argv[10] = ip;
		soak.adopted++;
	}
	return arena_start(argv, NULL);
}

static void
start(struct slot *s, long long now)
{
	int life = 50 + below(LIFE);
	char line[768];

	s->fate = draw();
	tenant_line(line, s->fate, life);
	s->at = now + life;
	s->kill = 0;
	s->pid = s->fate == SCRIPT || s->fate == OWNER
		     ? start_script(s->fate, line)
		     : start_run(line);
	soak.started[s->fate]++;
}

/* The only child of that process; 0 when there is none. */
static pid_t
child_of(pid_t pid)
{
	char path[64];
	int child = 0;
	FILE *f;

	(void)snprintf(
	    path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%d", &child) != 1)
		child = 0;
	fclose(f);
	return child;
}

/* By a descriptor that was right when the parent was asked once more. */
static bool
kill_child(pid_t parent, pid_t child)
{
	int fd = child > 1 ? pidfd_open(child, 0) : -1;
	bool ours = fd != -1 && child_of(parent) == child;

	if (ours)
		(void)pidfd_send_signal(fd, SIGKILL, NULL, 0);
	if (fd != -1)
		close(fd);
	return ours;
}

static void
strike(struct slot *s, long long now)
{
	pid_t monitor;

	s->at = 0;
	switch (s->fate) {
	case TERM:
		(void)kill(s->pid, SIGTERM);
		break;
	case FRONT_AFTER_TERM:
		(void)kill(s->pid, SIGTERM);
		s->kill = now + below(401);
		break;
	case FRONT:
	case OWNER:
		(void)kill(s->pid, SIGKILL);
		break;
	case MONITOR:
		if (kill_child(s->pid, child_of(s->pid)))
			soak.monitors++;
		else
			s->at = now + AGAIN;
		break;
	case COMMAND:
		monitor = child_of(s->pid);
		if (!kill_child(monitor, child_of(monitor)))
			s->at = now + AGAIN; /* it is just being started */
		break;
	default:
		break;
	}
}

static void
note_end(int status)
{
	if (WIFSIGNALED(status))
		soak.status[3]++;
	else
		soak.status[WEXITSTATUS(status) == 0     ? 0
			    : WEXITSTATUS(status) == 125 ? 1
							 : 2]++;
}

static void
reap_all(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int i = 0; i < 2; i++)
			if (soak.reapers[i] == pid)
				soak.reapers[i] = 0;
		for (int i = 0; i < soak.leases; i++) {
			if (soak.slots[i].pid != pid)
				continue;
			soak.slots[i].pid = 0;
			note_end(status);
		}
	}
}

static void
start_reapers(void)
{
	const char *const argv[] = { soak.portlease, "reap", "--all", "-q",
		"-g", "300ms", NULL };

	for (int i = 0; i < 2; i++)
		if (soak.reapers[i] == 0) {
			soak.reapers[i] = arena_start(argv, NULL);
			soak.reaps++;
		}
}

/* Strike where it is time; returns how many leases there are. */
static int
visit(long long now)
{
	int n = 0;

	for (int i = 0; i < soak.leases; i++) {
		struct slot *s = &soak.slots[i];

		if (s->pid == 0)
			continue;
		n++;
		if (s->at != 0 && now >= s->at)
			strike(s, now);
		if (s->kill != 0 && now >= s->kill) {
			s->kill = 0;
			(void)kill(s->pid, SIGKILL);
		}
	}
	return n;
}

static void
start_one(long long now)
{
	for (int i = 0; i < soak.leases; i++)
		if (soak.slots[i].pid == 0) {
			start(&soak.slots[i], now);
			return;
		}
}

static void
breathe(void)
{
	static const struct timespec moment = { .tv_nsec = 4000000 };
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	(void)sigtimedwait(&child, NULL, &moment);
}

/* Until the time is over, and then until nobody is left. */
static bool
run(long long seconds)
{
	long long end = arena_now() + seconds * 1000, next = 0, reap = 0, now;
	int alive;

	do {
		now = arena_now();
		reap_all();
		alive = visit(now);
		if (now < end && now >= next) {
			start_one(now);
			next = now + START_EVERY;
		}
		if (now >= reap) {
			start_reapers();
			reap = now + REAP_EVERY;
		}
		breathe();
	} while (now < end || (alive > 0 && now < end + END));
	for (int i = 0; i < soak.leases; i++)
		if (soak.slots[i].pid != 0)
			printf("soak: pid %d stays: %s\n", soak.slots[i].pid,
			    fates[soak.slots[i].fate].name);
	return alive == 0;
}

static unsigned int
records_left(void)
{
	DIR *dir = opendir(arena_state());
	struct dirent *entry;
	unsigned int n = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    strncmp(entry->d_name, "history-", 8) != 0) {
			n++;
			printf("soak: left: %s\n", entry->d_name);
		}
	if (dir != NULL)
		closedir(dir);
	return n;
}

/* The observer is a child, too; everybody else must go. */
static bool
quiesce(pid_t observer)
{
	const char *const argv[] = { soak.portlease, "reap", "--all", "-q",
		"-g", "300ms", NULL };
	long long end = arena_now() + END;
	char path[64], children[64];
	int status = 1;
	bool alone = false;
	FILE *f;

	(void)snprintf(
	    path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	while (arena_now() < end && !(alone && status == 0)) {
		status = arena_run(argv, END);
		(void)arena_wait(observer, 100);
		f = fopen(path, "re");
		alone = f != NULL &&
			fgets(children, sizeof(children), f) != NULL &&
			atoi(children) == observer &&
			strchr(children, ' ') == strrchr(children, ' ');
		if (f != NULL)
			fclose(f);
	}
	return alone && status == 0;
}

static void
print_counts(void)
{
	for (int i = 0; i < FATES; i++)
		printf("soak: %5u %s\n", soak.started[i], fates[i].name);
	printf(
	    "soak: %5u on addresses that others wanted, too\n", soak.adopted);
	printf("soak: %5u monitors were hit, %u reapers ran\n", soak.monitors,
	    soak.reaps);
	printf("soak: ends: %u with 0, %u with 125, %u other, %u by a "
	       "signal\n",
	    soak.status[0], soak.status[1], soak.status[2], soak.status[3]);
}

static int
number(const char *name, int usual)
{
	const char *text = getenv(name);

	return text != NULL ? atoi(text) : usual;
}

static void
prepare(const char *build)
{
	int seed = number("SOAK_SEED", (int)time(NULL));

	(void)snprintf(
	    soak.portlease, sizeof(soak.portlease), "%s/portlease", build);
	(void)snprintf(
	    soak.tenant, sizeof(soak.tenant), "%s/guests/tenant", build);
	(void)snprintf(soak.observer, sizeof(soak.observer),
	    "%s/tests/soak/observer", build);
	soak.leases = number("SOAK_LEASES", 200);
	if (soak.leases > SLOTS)
		errx(2, "at most %d leases", SLOTS);
	srand((unsigned int)seed);
	printf("soak: SOAK_SEED=%d SOAK_LEASES=%d\n", seed, soak.leases);
	fflush(stdout);
}

int
main(int argc, char *argv[])
{
	const char *watch[] = { soak.observer, NULL };
	bool ended, alone;
	unsigned int records;
	pid_t observer;
	int status;

	if (argc != 2)
		errx(2, "usage: driver BUILD-DIRECTORY");
	prepare(argv[1]);
	arena_enter();
	observer = arena_start(watch, NULL);
	arena_hush();
	ended = run(number("SOAK_SECONDS", 120));
	alone = quiesce(observer);
	print_counts();
	records = records_left();
	fflush(stdout);
	(void)kill(observer, SIGTERM);
	status = arena_wait(observer, END);
	printf("soak: %s, %u records left: %s\n",
	    alone ? "no process left" : "PROCESSES LEFT", records,
	    ended && alone && records == 0 && status == 0 ? "well" : "FAILED");
	if (records == 0)
		arena_leave();
	return !(ended && alone && records == 0 && status == 0);
}
