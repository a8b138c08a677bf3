/* SPDX-License-Identifier: ISC */
/*
 * A turn: take in what the descriptors say, sample when that is due, look at
 * ports and probe, judge.
 *
 * The probe stirs the server: what moves around its start and its end is
 * neither counted as idle nor as progress ("blurred").
 */
#include "ready/startup.h"
#include "base/clock.h"
#include "ready/listeners.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Milliseconds; a twentieth of the shorter limit within these bounds. */
enum {
	PERIOD_SHARE = 20,
	PERIOD_SHORTEST = 50,
	PERIOD_LONGEST = 1000,
	NEWS = 1000
};

bool
startup_wanted(const struct options *o)
{
	return o->awaited.nports > 0 || o->ready_cmd[0] != '\0' ||
	       o->ready_notify;
}

static unsigned int
awaited(const struct options *o)
{
	return (o->awaited.nports > 0 ? AWAIT_PORTS : 0U) |
	       (o->ready_cmd[0] != '\0' ? AWAIT_PROBE : 0U) |
	       (o->ready_notify ? AWAIT_NOTIFY : 0U);
}

static int64_t
within_bounds(int64_t limit)
{
	int64_t period = limit / PERIOD_SHARE;

	if (limit == 0 || period > PERIOD_LONGEST)
		return PERIOD_LONGEST;
	return period < PERIOD_SHORTEST ? PERIOD_SHORTEST : period;
}

/* The first sample sees births alone: a short cap needs many, too. */
static int64_t
period_of(const struct options *o)
{
	int64_t idle = within_bounds(o->idle_limit);
	int64_t cap = within_bounds(o->cap);

	return idle < cap ? idle : cap;
}

static int
add(struct startup *b, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(b->fd, EPOLL_CTL_ADD, fd, &event);
}

static int
open_all(struct startup *b)
{
	b->fd = epoll_create1(EPOLL_CLOEXEC);
	if (b->fd == -1)
		return -1;
	b->waiter = listenwait_begin(b->plan.record);
	if (b->waiter == NULL || add(b, listenwait_fd(b->waiter)) == -1)
		return -1;
	return b->plan.notify == -1 ? 0 : add(b, b->plan.notify);
}

int
startup_begin(struct startup *b, const struct startup_plan *plan)
{
	const struct options *o = plan->options;
	int saved;

	memset(b, 0, sizeof(*b));
	b->plan = *plan;
	b->begun = b->sampled = clock_ms();
	b->period = period_of(o);
	b->facts = (struct facts){ .awaited = awaited(o),
		.idle_limit = o->idle_limit,
		.cap = o->cap };
	b->pulse =
	    (struct activity){ .root = plan->root, .record = plan->record };
	b->probe = (struct readycmd){ .command = o->ready_cmd,
		.env = plan->env,
		.cwd = plan->cwd,
		.go = plan->go };
	if (open_all(b) == 0)
		return 0;
	saved = errno;
	startup_end(b);
	errno = saved;
	return -1;
}

bool
startup_pending(const struct startup *b)
{
	return b->fd > 0 && b->verdict == READY_BOOTING;
}

int
startup_fd(const struct startup *b)
{
	return startup_pending(b) ? b->fd : -1;
}

int64_t
startup_elapsed(const struct startup *b)
{
	return clock_ms() - b->begun;
}

static bool
probe_is_next(const struct startup *b)
{
	unsigned int left = b->facts.awaited & ~b->facts.came;

	return left == AWAIT_PROBE && b->probe.pid == 0 && !b->probe.missing;
}

int64_t
startup_deadline(const struct startup *b)
{
	int64_t next = b->sampled + b->period;
	int64_t cap = b->begun + b->facts.cap;

	if (cap < b->extended)
		cap = b->extended;
	if (!startup_pending(b))
		return 0;
	if (b->facts.cap > 0 && cap < next)
		next = cap;
	if (probe_is_next(b) && b->probe.next < next)
		next = b->probe.next;
	return next > 0 ? next : 1;
}

static void
look_at_ports(struct startup *b)
{
	const struct terms *ports = &b->plan.options->awaited;
	struct portset up = { 0 };
	bool all;

	if (!(b->facts.awaited & AWAIT_PORTS) || b->plan.diag == NULL ||
	    listeners_find(b->plan.diag, b->plan.terms, b->plan.record, &up) ==
		-1)
		return;
	if (memcmp(&up, &b->up, sizeof(up)) != 0)
		b->told = true;
	b->up = up;
	all = portset_of(&up, ports, false, NULL, 0) == 0;
	b->facts.came &= ~(unsigned int)AWAIT_PORTS;
	b->facts.came |= all ? AWAIT_PORTS : 0;
}

static void
hear(struct startup *b, const struct sdnotify *n)
{
	if (n->ready)
		b->facts.came |= AWAIT_NOTIFY;
	if (n->extend > 0)
		b->extended = clock_ms() + n->extend;
	if (n->status[0] != '\0')
		memcpy(b->status, n->status, sizeof(b->status));
	b->told = true;
}

static void
read_notify(struct startup *b)
{
	struct sdnotify n;
	int rc;

	/* Bounded: the rest waits for the next turn. */
	for (int i = 0; i < 64; i++) {
		rc = sdnotify_read(b->plan.notify, b->plan.root, &n);
		if (rc == 0)
			return;
		if (rc == 1)
			hear(b, &n);
		else
			b->malformed++;
	}
}

static void
probe_over(struct startup *b)
{
	if (b->probe.passed)
		b->facts.came |= AWAIT_PROBE;
	b->facts.probe_missing = b->probe.missing;
	b->blurred = true;
}

static void
take(struct startup *b, int fd)
{
	if (fd == listenwait_fd(b->waiter)) {
		listenwait_take(b->waiter);
		look_at_ports(b);
	} else if (fd == b->plan.notify) {
		read_notify(b);
	} else if (b->probe.pid != 0 && fd == b->probe.out) {
		readycmd_read(&b->probe);
	}
}

static void
take_all(struct startup *b)
{
	struct epoll_event events[8];
	int n = epoll_wait(b->fd, events, 8, 0);

	for (int i = 0; i < n; i++)
		take(b, events[i].data.fd);
	if (readycmd_reap(&b->probe))
		probe_over(b);
}

/* Programs that the shim cannot enter announce no listen: look. */
static void
sample(struct startup *b)
{
	int64_t now = clock_ms(), ms = now - b->sampled;
	enum stir stir;

	if (ms < b->period)
		return;
	b->sampled = now;
	stir = activity_take(&b->pulse, b->probe.pid, ms);
	if (!b->blurred)
		idle_advance(&b->idle, stir, ms);
	b->blurred = false;
	look_at_ports(b);
	if (now - b->told_at < NEWS)
		return;
	b->told = true;
	b->told_at = now;
}

static void
run_probe(struct startup *b)
{
	if (!probe_is_next(b) || clock_ms() < b->probe.next)
		return;
	b->blurred = true;
	if (readycmd_start(&b->probe) == -1) {
		b->probe.next = clock_ms() + b->period;
		return;
	}
	(void)add(b, b->probe.out);
	(void)add(b, b->probe.pidfd);
}

static void
judge(struct startup *b)
{
	struct facts *f = &b->facts;

	f->elapsed = startup_elapsed(b);
	f->idle = b->idle.asleep;
	f->unmoved = b->idle.unmoved;
	f->busy = b->idle.last == STIR_RAN || b->idle.last == STIR_STARVED;
	f->extended = b->extended > clock_ms();
	b->verdict = readiness_of(f);
	if (b->verdict >= READY_HUNG)
		blocked_find(&b->sleepers, b->plan.root, b->probe.pid,
		    b->plan.diag, b->plan.terms, b->plan.record);
}

void
startup_handle(struct startup *b)
{
	if (!startup_pending(b))
		return;
	take_all(b);
	sample(b);
	run_probe(b);
	judge(b);
}

void
startup_exited(struct startup *b, const struct ipc_exit *end)
{
	if (!startup_pending(b))
		return;
	b->end = *end;
	b->facts.exited = true;
	judge(b);
}

bool
startup_reaped(struct startup *b, pid_t pid, const siginfo_t *info)
{
	if (!readycmd_reaped(&b->probe, pid, info))
		return false;
	probe_over(b);
	return true;
}

void
startup_end(struct startup *b)
{
	if (b->fd <= 0)
		return;
	readycmd_end(&b->probe);
	listenwait_end(b->waiter);
	b->waiter = NULL;
	activity_free(&b->pulse);
	close(b->fd);
	b->fd = -1;
}
