/* SPDX-License-Identifier: ISC */
/*
 * The idle clock: what stirs between two samples of a tree, and that the
 * sampler sees it in processes of our own.
 */
#include "ready/idle.h"
#include "ready/activity.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS 1000000ULL /* nanoseconds */

/* Two threads of one process, one second apart. */
static const struct row {
	const char *what;
	struct beat before[2], now[2];
	size_t n[2]; /* how many of them */
	uint64_t events;
	enum stir expected;
} rows[] = {
	{ "all asleep", { { 7, 7, 'S', 5, 5, 9 }, { 7, 8, 'S', 1, 1, 0 } },
	    { { 7, 7, 'S', 5, 5, 9 }, { 7, 8, 'S', 1, 1, 0 } }, { 2, 2 }, 0,
	    STIR_NONE },
	{ "nobody there", { { 0 } }, { { 0 } }, { 0, 0 }, 0, STIR_NONE },
	{ "stopped by a signal", { { 7, 7, 'T', 5, 5, 9 } },
	    { { 7, 7, 'T', 5, 5, 9 } }, { 1, 1 }, 0, STIR_NONE },
	{ "stopped by a debugger", { { 7, 7, 't', 5, 5, 9 } },
	    { { 7, 7, 't', 5, 5, 9 } }, { 1, 1 }, 0, STIR_TRACED },
	{ "a timer fired", { { 7, 7, 'S', 5, 5, 9 } },
	    { { 7, 7, 'S', 4 * MS, MS, 9 } }, { 1, 1 }, 0, STIR_NONE },
	{ "it ran", { { 7, 7, 'S', 5, 5, 9 } }, { { 7, 7, 'S', 6 * MS, 5, 9 } },
	    { 1, 1 }, 0, STIR_RAN },
	{ "two threads ran, together too much",
	    { { 7, 7, 'S', 0, 0, 9 }, { 7, 8, 'S', 0, 0, 0 } },
	    { { 7, 7, 'S', 3 * MS, 0, 9 }, { 7, 8, 'S', 3 * MS, 0, 0 } },
	    { 2, 2 }, 0, STIR_RAN },
	{ "it waits for a processor and got none", { { 7, 7, 'R', 5, 5, 9 } },
	    { { 7, 7, 'R', 5, 5, 9 } }, { 1, 1 }, 0, STIR_RAN },
	{ "it waited longer than it ran", { { 7, 7, 'S', 5, 5, 9 } },
	    { { 7, 7, 'S', 6, 400 * MS, 9 } }, { 1, 1 }, 0, STIR_STARVED },
	{ "uninterruptible", { { 7, 7, 'S', 5, 5, 9 } },
	    { { 7, 7, 'D', 5, 5, 9 } }, { 1, 1 }, 0, STIR_DISK },
	{ "a byte moved", { { 7, 7, 'S', 5, 5, 9 } },
	    { { 7, 7, 'S', 5, 5, 10 } }, { 1, 1 }, 0, STIR_BYTES },
	{ "a socket was opened", { { 7, 7, 'S', 5, 5, 9 } },
	    { { 7, 7, 'S', 5, 5, 9 } }, { 1, 1 }, 1, STIR_EVENTS },
	{ "a thread came", { { 7, 7, 'S', 5, 5, 9 } },
	    { { 7, 7, 'S', 5, 5, 9 }, { 7, 8, 'S', 0, 0, 0 } }, { 1, 2 }, 0,
	    STIR_TASKS },
	{ "the first one went",
	    { { 7, 7, 'S', 5, 5, 9 }, { 7, 8, 'S', 0, 0, 0 } },
	    { { 7, 8, 'S', 0, 0, 0 } }, { 2, 1 }, 0, STIR_TASKS },
	{ "the last one went",
	    { { 7, 7, 'S', 5, 5, 9 }, { 7, 8, 'S', 0, 0, 0 } },
	    { { 7, 7, 'S', 5, 5, 9 } }, { 2, 1 }, 0, STIR_TASKS },
	{ "one went and one came", { { 7, 7, 'S', 5, 5, 9 } },
	    { { 9, 9, 'S', 5, 5, 9 } }, { 1, 1 }, 0, STIR_TASKS },
	{ "counters went backwards: another thread",
	    { { 7, 7, 'S', 900 * MS, 0, 9 } }, { { 7, 7, 'S', MS, 0, 9 } },
	    { 1, 1 }, 0, STIR_NONE },
};

Test(idle, what_stirs_between_two_samples)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct row r = rows[i];
		struct beats before = { r.before, r.n[0], 3 };
		struct beats now = { r.now, r.n[1], 3 + r.events };

		cr_expect_str_eq(idle_doing(idle_compare(&before, &now, 1000)),
		    idle_doing(r.expected), "%s", r.what);
	}
}

Test(idle, only_sleep_advances_the_clock)
{
	struct idle clock = { 0 };

	idle_advance(&clock, STIR_NONE, 500);
	idle_advance(&clock, STIR_NONE, 500);
	cr_expect_eq(clock.asleep, 1000);
	idle_advance(&clock, STIR_RAN, 500);
	cr_expect_eq(clock.asleep, 0);
	cr_expect_eq(clock.unmoved, 1500);
	idle_advance(&clock, STIR_NONE, 500);
	idle_advance(&clock, STIR_BYTES, 500);
	cr_expect_eq(clock.asleep, 0);
	cr_expect_eq(clock.unmoved, 0);
}

/* A child below us that is told by its leash what to do. */
struct child {
	pid_t pid;
	int leash[2];
};

static struct child
spawn(void (*live)(int leash))
{
	struct child c;

	cr_assert_eq(pipe(c.leash), 0);
	c.pid = fork();
	if (c.pid == 0) {
		close(c.leash[1]);
		live(c.leash[0]);
		_exit(0);
	}
	close(c.leash[0]);
	return c;
}

static void
end(const struct child *c)
{
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	close(c->leash[1]);
}

static void
sleep_only(int leash)
{
	char c;

	(void)!read(leash, &c, 1);
}

/* Until the test lets go of the leash, if only by dying. */
static void
spin(int leash)
{
	struct pollfd end = { .fd = leash };

	while (poll(&end, 1, 0) == 0)
		for (volatile int i = 0; i < 100000; i++)
			;
}

/* Says when it has a child of its own. */
static void
breed(int leash)
{
	char c;

	while (read(leash, &c, 1) == 1)
		if (fork() == 0) {
			spin(leash);
			_exit(0);
		}
}

/* Until it says so, for two seconds at the most; each try costs a pass. */
static bool
comes(struct activity *p, enum stir expected)
{
	for (int i = 0; i < 2000; i++) {
		if (activity_take(p, 0, 1000) == expected)
			return true;
		usleep(1000);
	}
	return false;
}

Test(pulse, a_sleeping_tree_is_still, .timeout = 20)
{
	static struct record record;
	struct activity p = { .root = getpid(), .record = &record };
	struct child c = spawn(sleep_only);

	cr_expect(comes(&p, STIR_NONE));
	cr_expect_eq(activity_take(&p, 0, 1000), STIR_NONE);
	atomic_fetch_add(&record.listens, 1);
	cr_expect_eq(activity_take(&p, 0, 1000), STIR_EVENTS);
	cr_expect_eq(activity_take(&p, 0, 1000), STIR_NONE);
	end(&c);
	activity_free(&p);
}

Test(pulse, a_spinning_process_runs, .timeout = 20)
{
	static struct record record;
	struct activity p = { .root = getpid(), .record = &record };
	struct child c = spawn(spin);

	cr_expect(comes(&p, STIR_RAN));
	end(&c);
	activity_free(&p);
}

Test(pulse, who_is_born_to_a_sleeper_is_found, .timeout = 20)
{
	static struct record record;
	struct activity p = { .root = getpid(), .record = &record };
	struct child c = spawn(breed);

	cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	cr_expect(comes(&p, STIR_NONE));
	cr_assert_eq(write(c.leash[1], "x", 1), 1);
	cr_expect(comes(&p, STIR_RAN));
	kill(p.known.list[p.known.n - 1].pid, SIGKILL);
	end(&c);
	activity_free(&p);
}

Test(pulse, who_is_spared_does_not_count, .timeout = 20)
{
	static struct record record;
	struct activity p = { .root = getpid(), .record = &record };
	struct child c = spawn(spin);

	cr_expect_eq(activity_take(&p, c.pid, 1000), STIR_NONE);
	cr_expect_eq(p.known.n, 0);
	end(&c);
	activity_free(&p);
}
