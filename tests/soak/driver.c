/* SPDX-License-Identifier: ISC */
/*
 * Leases by the hundred, ended in every way: well, by a signal, with leaks,
 * with the front, the monitor, the command or the owner killed at random
 * moments; programs that come in from outside and daemonize; and two reapers
 * racing all the while, killed at random, too.  The observer watches.  At the
 * end nothing may be left.
 *
 * driver BUILD-DIRECTORY, with SOAK_SECONDS, SOAK_ROUNDS, SOAK_LEASES,
 * SOAK_LIFE (milliseconds of a lease, at most), SOAK_SEED
 */
#include "fates.h"
#include "tests/arena/arena.h"

#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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
	LIFE = 12000, /* milliseconds of a lease, at most */
	REAP_EVERY = 700,
	START_EVERY = 8,
	END = 60000
};

struct reaper {
	pid_t pid;
	long long kill; /* 0 not */
};

static struct {
	char observer[512];
	struct slot slots[SLOTS];
	struct reaper reapers[2];
	int leases, life;
	unsigned int rounds, most_rounds, reaps, reapers_killed;
	unsigned int started[FATES], status[4];
} soak;

static int
below(int n)
{
	return rand() % n;
}

static struct plan
plan_for(enum fate fate, int life)
{
	struct plan p = { .home = below(HOMES),
		.id = soak.rounds,
		.child = fate == LEAK ? (below(2) ? "-c" : "-d") : "",
		.adopts = below(4) == 0,
		.daemon = below(4) == 0 };

	if (fate == WELL || fate == LEAK || fate == SCRIPT)
		p.life = life;
	return p;
}

/* The observer learns that the ports are in use again. */
static void
start(struct slot *s, long long now)
{
	int life = 50 + below(soak.life);

	s->fate = fates_draw();
	s->plan = plan_for(s->fate, life);
	s->at = now + life;
	s->kill = 0;
	dprintf(WORDS, "round %u\n", soak.rounds++);
	if (s->fate == SCRIPT || s->fate == OWNER) {
		s->visit = 0;
		s->pid = starts_script(&s->plan);
	} else {
		/* On an adopted address it might find the next lease. */
		s->visit = !s->plan.adopts && below(2) ? now + below(life) : 0;
		s->pid = starts_run(&s->plan);
	}
	soak.started[s->fate]++;
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
			if (soak.reapers[i].pid == pid)
				soak.reapers[i].pid = 0;
		for (int i = 0; i < soak.leases; i++) {
			if (soak.slots[i].pid != pid)
				continue;
			soak.slots[i].pid = 0;
			starts_forget(&soak.slots[i].plan);
			note_end(status);
		}
	}
}

/* Two race in one home, and in the next one next time; one in three is killed.
 */
static void
start_reapers(long long now)
{
	int home = (int)(soak.reaps / 2 % HOMES);

	for (int i = 0; i < 2; i++) {
		struct reaper *r = &soak.reapers[i];

		if (r->pid != 0)
			continue;
		r->pid = starts_reaper(home);
		r->kill = below(3) == 0 ? now + below(100) : 0;
		soak.reaps++;
	}
}

static void
strike_reapers(long long now)
{
	for (int i = 0; i < 2; i++) {
		struct reaper *r = &soak.reapers[i];

		if (r->pid == 0 || r->kill == 0 || now < r->kill)
			continue;
		r->kill = 0;
		(void)kill(r->pid, SIGKILL);
		soak.reapers_killed++;
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
			fates_strike(s, now);
		if (s->visit != 0 && now >= s->visit)
			s->visit = starts_visitor(&s->plan) ? 0 : now + AGAIN;
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

/* Until the time or the rounds are over, and then until no lease is left. */
static bool
run(long long seconds)
{
	long long now = arena_now(), end = now + seconds * 1000;
	long long next = 0, reap = 0;
	int alive;

	do {
		now = arena_now();
		reap_all();
		alive = visit(now);
		if (soak.rounds >= soak.most_rounds && now < end)
			end = now;
		if (now < end && now >= next) {
			start_one(now);
			next = now + START_EVERY;
		}
		if (now >= reap) {
			start_reapers(now);
			reap = now + REAP_EVERY;
		}
		strike_reapers(now);
		breathe();
	} while (now < end || (alive > 0 && now < end + END));
	for (int i = 0; i < soak.leases; i++)
		if (soak.slots[i].pid != 0)
			printf("soak: pid %d stays: %s\n", soak.slots[i].pid,
			    fates_name(soak.slots[i].fate));
	return alive == 0;
}

/* The observer is a child, too; everybody else must go. */
static bool
quiesce(pid_t observer)
{
	long long end = arena_now() + END;
	char path[64], children[64];
	int status = 1;
	bool alone = false;
	FILE *f;

	(void)snprintf(
	    path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	while (arena_now() < end && !(alone && status == 0)) {
		status = starts_reap_all(END);
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
	for (enum fate i = 0; i < FATES; i++)
		printf("soak: %5u %s\n", soak.started[i], fates_name(i));
	printf("soak: %5u on addresses that others wanted, too\n",
	    starts_tally.adopted);
	printf("soak: %5u programs came in by exec, %u daemonized\n",
	    starts_tally.visitors, starts_tally.daemons);
	printf("soak: %5u monitors were hit, %u reapers ran, %u were killed\n",
	    fates_monitors, soak.reaps, soak.reapers_killed);
	printf("soak: %5u rounds\n", soak.rounds);
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

	(void)snprintf(soak.observer, sizeof(soak.observer),
	    "%s/tests/soak/observer", build);
	soak.life = number("SOAK_LIFE", LIFE);
	soak.most_rounds = (unsigned int)number("SOAK_ROUNDS", INT_MAX);
	soak.leases = number("SOAK_LEASES", 200);
	if (soak.leases > SLOTS)
		errx(2, "at most %d leases", SLOTS);
	srand((unsigned int)seed);
	printf("soak: SOAK_SEED=%d SOAK_LEASES=%d\n", seed, soak.leases);
	fflush(stdout);
}

/* The observer reads what the tools say of the ends of leases. */
static pid_t
start_observer(void)
{
	const char *watch[] = { soak.observer, arena_state(), NULL };
	int words[2], in = dup(STDIN_FILENO);
	pid_t pid;

	if (pipe2(words, O_CLOEXEC) == -1 || in == -1 ||
	    dup2(words[0], STDIN_FILENO) == -1)
		err(1, "pipe");
	(void)fcntl(words[1], F_SETPIPE_SZ, 1 << 20);
	pid = arena_start(watch, NULL);
	(void)dup2(in, STDIN_FILENO);
	(void)close(in);
	if (words[0] != WORDS)
		(void)close(words[0]);
	if (words[1] == WORDS)
		(void)fcntl(WORDS, F_SETFD, 0);
	else if (dup2(words[1], WORDS) == -1 || close(words[1]) == -1)
		err(1, "descriptor %d", WORDS);
	return pid;
}

static int
seconds(void)
{
	bool by_rounds = getenv("SOAK_ROUNDS") != NULL;

	return number("SOAK_SECONDS", by_rounds ? INT_MAX / 1000 : 120);
}

int
main(int argc, char *argv[])
{
	bool ended, alone, well;
	unsigned int records;
	pid_t observer;
	int status;

	if (argc != 2)
		errx(2, "usage: driver BUILD-DIRECTORY");
	prepare(argv[1]);
	arena_enter();
	starts_prepare(argv[1]);
	observer = start_observer();
	arena_hush();
	ended = run(seconds());
	alone = quiesce(observer);
	print_counts();
	records = starts_records_left();
	fflush(stdout);
	(void)kill(observer, SIGTERM);
	status = arena_wait(observer, END);
	well = ended && alone && records == 0 && status == 0;
	printf("soak: %s, %u records left: %s\n",
	    alone ? "no process left" : "PROCESSES LEFT", records,
	    well ? "well" : "FAILED");
	if (records == 0)
		arena_leave();
	return !well;
}
