/* SPDX-License-Identifier: ISC */
#include "ready/idle.h"

#include <stdbool.h>

enum { ASLEEP_SHARE = 200 /* one part in so many may be spent awake */ };

/* Of all threads together. */
struct change {
	uint64_t bytes;
	uint64_t ran; /* nanoseconds */
	uint64_t waited; /* nanoseconds */
	bool threads; /* came or went */
	bool running, disk, traced; /* one of them is, now */
};

/* Counters of a thread id that was reused may go backwards. */
static uint64_t
grown(uint64_t before, uint64_t now)
{
	return now >= before ? now - before : now;
}

static void
add_counters(struct change *c, const struct thread_sample *before,
    const struct thread_sample *now)
{
	c->ran += grown(before->ran, now->ran);
	c->waited += grown(before->waited, now->waited);
	c->bytes += grown(before->bytes, now->bytes);
}

static struct change
change_of(const struct sample *before, const struct sample *now)
{
	struct change c = { 0 };
	size_t i = 0;

	for (size_t j = 0; j < now->n; j++) {
		const struct thread_sample *thread = &now->threads[j];

		for (; i < before->n && before->threads[i].tid < thread->tid;
		     i++)
			c.threads = true;
		if (i < before->n && before->threads[i].tid == thread->tid)
			add_counters(&c, &before->threads[i++], thread);
		else
			c.threads = true;
		c.running |= thread->state == 'R';
		c.disk |= thread->state == 'D';
		c.traced |= thread->state == 't';
	}
	c.threads |= i < before->n;
	return c;
}

enum activity
idle_compare(const struct sample *before, const struct sample *now, int64_t ms)
{
	struct change c = change_of(before, now);
	uint64_t tolerated = (uint64_t)ms * 1000000 / ASLEEP_SHARE;
	bool awake = c.running || c.ran + c.waited > tolerated;

	if (now->events != before->events)
		return ACTIVITY_EVENTS;
	if (c.bytes > 0)
		return ACTIVITY_BYTES;
	if (c.disk)
		return ACTIVITY_DISK;
	if (c.threads)
		return ACTIVITY_THREADS;
	if (awake)
		return c.waited > c.ran ? ACTIVITY_STARVED : ACTIVITY_RAN;
	return c.traced ? ACTIVITY_TRACED : ACTIVITY_NONE;
}

void
idle_advance(struct idle *clock, enum activity activity, int64_t ms)
{
	bool asleep = activity == ACTIVITY_NONE;
	bool processor =
	    activity == ACTIVITY_RAN || activity == ACTIVITY_STARVED;

	clock->asleep = asleep ? clock->asleep + ms : 0;
	clock->unmoved = asleep || processor ? clock->unmoved + ms : 0;
	clock->last = activity;
}

const char *
idle_doing(enum activity activity)
{
	static const char *const doing[ACTIVITIES] = {
		[ACTIVITY_NONE] = "asleep",
		[ACTIVITY_EVENTS] = "opening sockets",
		[ACTIVITY_BYTES] = "reading and writing",
		[ACTIVITY_DISK] = "waiting for a disk",
		[ACTIVITY_THREADS] = "starting and ending threads",
		[ACTIVITY_STARVED] = "waiting for a processor",
		[ACTIVITY_RAN] = "computing",
		[ACTIVITY_TRACED] = "held by a debugger",
	};

	return doing[activity];
}
