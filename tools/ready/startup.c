/* SPDX-License-Identifier: ISC */
/*
 * A round: read what the descriptors have, sample when that is due, run
 * --ready-cmd when that is due, judge.
 *
 * --ready-cmd makes the server work: a sample during which it began or ended
 * counts neither as sleep nor as progress ("disturbed").
 */
#include "ready/startup.h"
#include "base/clock.h"
#include "base/fail.h"
#include "ready/listeners.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Milliseconds; a twentieth of the shorter limit within these bounds. */
enum {
	PERIOD_SHARE = 20,
	PERIOD_SHORTEST = 50,
	PERIOD_LONGEST = 1000,
	NEWS_PERIOD = 1000
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
	       (o->ready_cmd[0] != '\0' ? AWAIT_COMMAND : 0U) |
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

/* The first sample only lists the threads: a short cap needs many, too. */
static int64_t
period_of(const struct options *o)
{
	int64_t idle = within_bounds(o->idle_limit);
	int64_t cap = within_bounds(o->cap);

	return idle < cap ? idle : cap;
}

static int
add_fd(struct startup *s, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(s->fd, EPOLL_CTL_ADD, fd, &event);
}

static int
open_all(struct startup *s)
{
	s->fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->fd == -1)
		return -1;
	s->listenwait = listenwait_begin(s->plan.record);
	if (s->listenwait == NULL ||
	    add_fd(s, listenwait_fd(s->listenwait)) == -1)
		return -1;
	return s->plan.notify == -1 ? 0 : add_fd(s, s->plan.notify);
}

int
startup_begin(struct startup *s, const struct startup_plan *plan)
{
	const struct options *o = plan->options;
	int error;

	memset(s, 0, sizeof(*s));
	s->plan = *plan;
	s->begun = s->sampled = clock_ms();
	s->period = period_of(o);
	s->facts = (struct facts){ .awaited = awaited(o),
		.idle_limit = o->idle_limit,
		.cap = o->cap };
	s->sampler =
	    (struct sampler){ .root = plan->root, .record = plan->record };
	s->readycmd = (struct readycmd){ .command = o->ready_cmd,
		.env = plan->env,
		.cwd = plan->cwd,
		.start = plan->start };
	if (open_all(s) == 0)
		return 0;
	error = errno;
	startup_end(s);
	return fail(error);
}

bool
startup_pending(const struct startup *s)
{
	return s->fd > 0 && s->verdict == READY_STARTING;
}

int
startup_fd(const struct startup *s)
{
	return startup_pending(s) ? s->fd : -1;
}

int64_t
startup_elapsed(const struct startup *s)
{
	return clock_ms() - s->begun;
}

static bool
readycmd_is_next(const struct startup *s)
{
	unsigned int left = s->facts.awaited & ~s->facts.came;

	return left == AWAIT_COMMAND && s->readycmd.pid == 0 &&
	       !s->readycmd.missing;
}

int64_t
startup_deadline(const struct startup *s)
{
	int64_t next = s->sampled + s->period;
	int64_t cap = s->begun + s->facts.cap;

	if (cap < s->extended)
		cap = s->extended;
	if (!startup_pending(s))
		return 0;
	if (s->facts.cap > 0 && cap < next)
		next = cap;
	if (readycmd_is_next(s) && s->readycmd.next < next)
		next = s->readycmd.next;
	return next > 0 ? next : 1;
}

static void
update_ports(struct startup *s)
{
	const struct terms *ports = &s->plan.options->awaited;
	struct portset up = { 0 };
	bool all;

	if (!(s->facts.awaited & AWAIT_PORTS) || s->plan.diag == NULL ||
	    listeners_find(s->plan.diag, s->plan.terms, s->plan.record, &up) ==
		-1)
		return;
	if (memcmp(&up, &s->up, sizeof(up)) != 0)
		s->news = true;
	s->up = up;
	all = portset_of(&up, ports, false, NULL, 0) == 0;
	s->facts.came &= ~(unsigned int)AWAIT_PORTS;
	s->facts.came |= all ? AWAIT_PORTS : 0;
}

static void
on_notify(struct startup *s, const struct sdnotify *n)
{
	if (n->ready)
		s->facts.came |= AWAIT_NOTIFY;
	if (n->extend > 0)
		s->extended = clock_ms() + n->extend;
	if (n->status[0] != '\0')
		memcpy(s->status, n->status, sizeof(s->status));
	s->news = true;
}

static void
read_notify(struct startup *s)
{
	struct sdnotify n;
	int rc;

	/* Bounded: the rest waits for the next round. */
	for (int i = 0; i < 64; i++) {
		rc = sdnotify_read(s->plan.notify, s->plan.root, &n);
		if (rc == 0)
			return;
		if (rc == 1)
			on_notify(s, &n);
		else
			s->malformed++;
	}
}

static void
on_readycmd_end(struct startup *s)
{
	if (s->readycmd.passed)
		s->facts.came |= AWAIT_COMMAND;
	s->facts.command_missing = s->readycmd.missing;
	s->disturbed = true;
}

static void
handle_fd(struct startup *s, int fd)
{
	if (fd == listenwait_fd(s->listenwait)) {
		listenwait_take(s->listenwait);
		update_ports(s);
	} else if (fd == s->plan.notify) {
		read_notify(s);
	} else if (s->readycmd.pid != 0 && fd == s->readycmd.out) {
		readycmd_read(&s->readycmd);
	}
}

static void
handle_events(struct startup *s)
{
	struct epoll_event events[8];
	int n = epoll_wait(s->fd, events, 8, 0);

	for (int i = 0; i < n; i++)
		handle_fd(s, events[i].data.fd);
	if (readycmd_reap(&s->readycmd))
		on_readycmd_end(s);
}

/* A program without the shim does not wake the futex when it listens: look. */
static void
sample(struct startup *s)
{
	int64_t now = clock_ms(), ms = now - s->sampled;
	enum activity activity;

	if (ms < s->period)
		return;
	s->sampled = now;
	activity = activity_sample(&s->sampler, s->readycmd.pid, ms);
	if (!s->disturbed)
		idle_advance(&s->idle, activity, ms);
	s->disturbed = false;
	update_ports(s);
	if (now - s->news_at < NEWS_PERIOD)
		return;
	s->news = true;
	s->news_at = now;
}

static void
run_readycmd(struct startup *s)
{
	if (!readycmd_is_next(s) || clock_ms() < s->readycmd.next)
		return;
	s->disturbed = true;
	if (readycmd_start(&s->readycmd) == -1) {
		s->readycmd.next = clock_ms() + s->period;
		return;
	}
	(void)add_fd(s, s->readycmd.out);
	(void)add_fd(s, s->readycmd.pidfd);
}

static void
judge(struct startup *s)
{
	struct facts *f = &s->facts;

	f->elapsed = startup_elapsed(s);
	f->idle = s->idle.asleep;
	f->unmoved = s->idle.unmoved;
	f->busy =
	    s->idle.last == ACTIVITY_RAN || s->idle.last == ACTIVITY_STARVED;
	f->extended = s->extended > clock_ms();
	s->verdict = readiness_of(f);
	if (s->verdict >= READY_HUNG)
		blocked_find(&s->blocked, s->plan.root, s->readycmd.pid,
		    s->plan.diag, s->plan.terms, s->plan.record);
}

void
startup_handle(struct startup *s)
{
	if (!startup_pending(s))
		return;
	handle_events(s);
	sample(s);
	run_readycmd(s);
	judge(s);
}

void
startup_exited(struct startup *s, const struct ipc_exit *end)
{
	if (!startup_pending(s))
		return;
	s->end = *end;
	s->facts.exited = true;
	judge(s);
}

bool
startup_reaped(struct startup *s, pid_t pid, const siginfo_t *info)
{
	if (!readycmd_reaped(&s->readycmd, pid, info))
		return false;
	on_readycmd_end(s);
	return true;
}

void
startup_end(struct startup *s)
{
	if (s->fd <= 0)
		return;
	readycmd_end(&s->readycmd);
	listenwait_end(s->listenwait);
	s->listenwait = NULL;
	activity_free(&s->sampler);
	close(s->fd);
	s->fd = -1;
}
