/* SPDX-License-Identifier: ISC */
/* Sum up what changed, then ask the rules in turn. */
#include "ready/idle.h"

#include <stdbool.h>

enum { ASLEEP_SHARE = 200 /* one part in so many may be spent awake */ };

struct change {
	uint64_t events;
	uint64_t bytes;
	uint64_t ran; /* nanoseconds */
	uint64_t waited; /* nanoseconds */
	uint64_t tolerated; /* nanoseconds awake */
	bool tasks;
	bool running, disk, traced; /* somebody, now */
};

static bool
had_events(const struct change *c)
{
	return c->events > 0;
}

static bool
had_bytes(const struct change *c)
{
	return c->bytes > 0;
}

static bool
on_disk(const struct change *c)
{
	return c->disk;
}

static bool
had_tasks(const struct change *c)
{
	return c->tasks;
}

static bool
awake(const struct change *c)
{
	return c->running || c->ran + c->waited > c->tolerated;
}

static bool
starved(const struct change *c)
{
	return awake(c) && c->waited > c->ran;
}

static bool
traced(const struct change *c)
{
	return c->traced;
}

static const struct {
	enum stir stir;
	bool (*holds)(const struct change *);
} rules[] = {
	{ STIR_EVENTS, had_events },
	{ STIR_BYTES, had_bytes },
	{ STIR_DISK, on_disk },
	{ STIR_TASKS, had_tasks },
	{ STIR_STARVED, starved },
	{ STIR_RAN, awake },
	{ STIR_TRACED, traced },
};

/* Counters of a thread id that was reused may go backwards. */
static uint64_t
grown(uint64_t before, uint64_t now)
{
	return now >= before ? now - before : now;
}

static void
add_state(struct change *c, char state)
{
	c->running |= state == 'R';
	c->disk |= state == 'D';
	c->traced |= state == 't';
}

static void
add(struct change *c, const struct beat *before, const struct beat *now)
{
	c->ran += grown(before->ran, now->ran);
	c->waited += grown(before->waited, now->waited);
	c->bytes += grown(before->bytes, now->bytes);
}

enum stir
idle_compare(const struct beats *before, const struct beats *now, int64_t ms)
{
	struct change c = { .events = now->events - before->events,
		.tolerated = (uint64_t)ms * 1000000 / ASLEEP_SHARE };
	size_t i = 0, j = 0;

	while (i < before->n || j < now->n) {
		const struct beat *b = &before->list[i], *n = &now->list[j];

		if (i < before->n && j < now->n && b->tid == n->tid) {
			add(&c, b, n);
			i++;
		} else {
			c.tasks = true;
			if (j == now->n || (i < before->n && b->tid < n->tid)) {
				i++;
				continue;
			}
		}
		add_state(&c, n->state);
		j++;
	}
	for (i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (rules[i].holds(&c))
			return rules[i].stir;
	return STIR_NONE;
}

void
idle_advance(struct idle *clock, enum stir stir, int64_t ms)
{
	bool asleep = stir == STIR_NONE;
	bool processor = stir == STIR_RAN || stir == STIR_STARVED;

	clock->asleep = asleep ? clock->asleep + ms : 0;
	clock->unmoved = asleep || processor ? clock->unmoved + ms : 0;
	clock->last = stir;
}

const char *
idle_doing(enum stir stir)
{
	static const char *const doing[STIRS] = {
		[STIR_NONE] = "asleep",
		[STIR_EVENTS] = "opening sockets",
		[STIR_BYTES] = "reading and writing",
		[STIR_DISK] = "waiting for a disk",
		[STIR_TASKS] = "starting and ending threads",
		[STIR_STARVED] = "waiting for a processor",
		[STIR_RAN] = "computing",
		[STIR_TRACED] = "held by a debugger",
	};

	return doing[stir];
}
