/* SPDX-License-Identifier: ISC */
/*
 * The idle clock: what a tree does between two samples, and that the
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
	struct thread_sample before[2], now[2];
	size_t n[2]; /* how many of them */
	uint64_t events;
	enum activity expected;
} rows[] = {
	{ "all asleep", { { 7, 7, 'S', 5, 5, 9 }, { 7, 8, 'S', 1, 1, 0 } },
	    { { 7, 7, 'S', 5, 5, 9 }, { 7, 8, 'S', 1, 1, 0 } }, { 2, 2 }, 0,
	    ACTIVITY_NONE },
	{ "nobody there", { { 0 } }, { { 0 } }, { 0, 0 }, 0, ACTIVITY_NONE },
	{ "stopped by a signal", { { 7, 7, 'T', 5, 5, 9 } },
	    { { 7, 7, 'T', 5, 5, 9 } }, { 1, 1 }, 0, ACTIVITY_NONE },
	{ "stopped by a debugger", { { 7, 7, 't', 5, 5, 9 } },
	    { { 7, 7, 't', 5, 5, 9 } }, { 1, 1 }, 0, ACTIVITY_TRACED },
	{ "a timer fired", { { 7, 7, 'S', 5, 5, 9 } },
	    { { 7, 7, 'S', 4 * MS, MS, 9 } }, { 1, 1 }, 0, ACTIVITY_NONE },
	{ "it ran", { { 7, 7, 'S', 5, 5, 9 } }, { { 7, 7, 'S', 6 * MS, 5, 9 } },
	    { 1, 1 }, 0, ACTIVITY_RAN },
	{ "two threads ran, together too much",
	    { { 7, 7, 'S', 0, 0, 9 }, { 7, 8, 'S', 0, 0, 0 } },
	    { { 7, 7, 'S', 3 * MS, 0, 9 }, { 7, 8, 'S', 3 * MS, 0, 0 } },
	    { 2, 2 }, 0, ACTIVITY_RAN },
	{ "it waits for a processor and got none", { { 7, 7, 'R', 5, 5, 9 } },
	    { { 7, 7, 'R', 5, 5, 9 } }, { 1, 1 }, 0, ACTIVITY_RAN },
	{ "it waited longer than it ran", { { 7, 7, 'S', 5, 5, 9 } },
	    { { 7, 7, 'S', 6, 400 * MS, 9 } }, { 1, 1 }, 0, ACTIVITY_STARVED },
	{ "uninterruptible", { { 7, 7, 'S', 5, 5, 9 } },
	    { { 7, 7, 'D', 5, 5, 9 } }, { 1, 1 }, 0, ACTIVITY_DISK },
	{ "a byte moved", { { 7, 7, 'S', 5, 5, 9 } },
	    { { 7, 7, 'S', 5, 5, 10 } }, { 1, 1 }, 0, ACTIVITY_BYTES },
	{ "a socket was opened", { { 7, 7, 'S', 5, 5, 9 } },
	    { { 7, 7, 'S', 5, 5, 9 } }, { 1, 1 }, 1, ACTIVITY_EVENTS },
	{ "a thread came", { { 7, 7, 'S', 5, 5, 9 } },
	    { { 7, 7, 'S', 5, 5, 9 }, { 7, 8, 'S', 0, 0, 0 } }, { 1, 2 }, 0,
	    ACTIVITY_THREADS },
	{ "the first one went",
	    { { 7, 7, 'S', 5, 5, 9 }, { 7, 8, 'S', 0, 0, 0 } },
	    { { 7, 8, 'S', 0, 0, 0 } }, { 2, 1 }, 0, ACTIVITY_THREADS },
	{ "the last one went",
	    { { 7, 7, 'S', 5, 5, 9 }, { 7, 8, 'S', 0, 0, 0 } },
	    { { 7, 7, 'S', 5, 5, 9 } }, { 2, 1 }, 0, ACTIVITY_THREADS },
	{ "one went and one came", { { 7, 7, 'S', 5, 5, 9 } },
	    { { 9, 9, 'S', 5, 5, 9 } }, { 1, 1 }, 0, ACTIVITY_THREADS },
	{ "counters went backwards: another thread",
	    { { 7, 7, 'S', 900 * MS, 0, 9 } }, { { 7, 7, 'S', MS, 0, 9 } },
	    { 1, 1 }, 0, ACTIVITY_NONE },
};

Test(idle, what_a_tree_does_between_two_samples)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct row r = rows[i];
		struct sample before = { r.before, r.n[0], 3 };
		struct sample now = { r.now, r.n[1], 3 + r.events };

		cr_expect_str_eq(idle_doing(idle_compare(&before, &now, 1000)),
		    idle_doing(r.expected), "%s", r.what);
	}
}

Test(idle, only_sleep_advances_the_clock)
{
	struct idle clock = { 0 };

	idle_advance(&clock, ACTIVITY_NONE, 500);
	idle_advance(&clock, ACTIVITY_NONE, 500);
	cr_expect_eq(clock.asleep, 1000);
	idle_advance(&clock, ACTIVITY_RAN, 500);
	cr_expect_eq(clock.asleep, 0);
	cr_expect_eq(clock.unmoved, 1500);
	idle_advance(&clock, ACTIVITY_NONE, 500);
	idle_advance(&clock, ACTIVITY_BYTES, 500);
	cr_expect_eq(clock.asleep, 0);
	cr_expect_eq(clock.unmoved, 0);
}

/* A child of ours, told through its leash what to do. */
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
comes(struct sampler *s, enum activity expected)
{
	for (int i = 0; i < 2000; i++) {
		if (activity_sample(s, 0, 1000) == expected)
			return true;
		usleep(1000);
	}
	return false;
}

Test(activity, a_sleeping_tree_is_still, .timeout = 20)
{
	static struct record record;
	struct sampler s = { .root = getpid(), .record = &record };
	struct child c = spawn(sleep_only);

	cr_expect(comes(&s, ACTIVITY_NONE));
	cr_expect_eq(activity_sample(&s, 0, 1000), ACTIVITY_NONE);
	atomic_fetch_add(&record.listens, 1);
	cr_expect_eq(activity_sample(&s, 0, 1000), ACTIVITY_EVENTS);
	cr_expect_eq(activity_sample(&s, 0, 1000), ACTIVITY_NONE);
	end(&c);
	activity_free(&s);
}

Test(activity, a_spinning_process_runs, .timeout = 20)
{
	static struct record record;
	struct sampler s = { .root = getpid(), .record = &record };
	struct child c = spawn(spin);

	cr_expect(comes(&s, ACTIVITY_RAN));
	end(&c);
	activity_free(&s);
}

Test(activity, a_child_of_a_sleeping_process_is_found, .timeout = 20)
{
	static struct record record;
	struct sampler s = { .root = getpid(), .record = &record };
	struct child c = spawn(breed);

	cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	cr_expect(comes(&s, ACTIVITY_NONE));
	cr_assert_eq(write(c.leash[1], "x", 1), 1);
	cr_expect(comes(&s, ACTIVITY_RAN));
	kill(s.last.threads[s.last.n - 1].pid, SIGKILL);
	end(&c);
	activity_free(&s);
}

Test(activity, an_excluded_process_does_not_count, .timeout = 20)
{
	static struct record record;
	struct sampler s = { .root = getpid(), .record = &record };
	struct child c = spawn(spin);

	cr_expect_eq(activity_sample(&s, c.pid, 1000), ACTIVITY_NONE);
	cr_expect_eq(s.last.n, 0);
	end(&c);
	activity_free(&s);
}
