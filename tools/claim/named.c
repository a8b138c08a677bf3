/* SPDX-License-Identifier: ISC */
/*
 * Two locks: that of the name keeps out a second lease of it, that of the
 * address all others.  An earlier tenant's TIME_WAIT does not matter: it is the
 * same server's, which meets it when it starts again outside, too.
 */
#include "claim/named.h"
#include "base/clock.h"
#include "base/name.h"
#include "base/printable.h"
#include "base/text.h"
#include "kernel/addrlock.h"
#include "kernel/namelock.h"
#include "store/lease.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

enum {
	REPLACE_WAIT = 30000, /* milliseconds for the end of the other lease, */
	ASK_AGAIN = 100, /* between attempts to ask it, */
	TAKE_AGAIN = 10, /* between attempts on a lock that does not answer, */
	TAKES = 10, /* of them at least, */
	LONGEST = 60000, /* for one poll(2), */
	LOOK_WAIT = 1000, /* and for one that only looks at the address */
	ATTEMPTS = 256
};

/* One that is still claiming has no record yet: it is asked later. */
static bool
ask_to_end(const struct claim *c, const struct options *o)
{
	struct stored s;
	pid_t pid;
	int fd = -1;

	if (!lease_named(c->dir, &s, o->name, STORE_HOLD))
		return false;
	if (s.record != NULL)
		fd = lease_monitor(&s, &pid);
	if (fd != -1)
		(void)pidfd_send_signal(fd, SIGTERM, NULL, 0);
	if (fd != -1)
		close(fd);
	store_unmap(&s);
	return fd != -1;
}

static void
explain_holder(struct claim *c, const struct options *o, pid_t pid, uid_t user)
{
	char ip[INET_ADDRSTRLEN + 2] = "", line[RECORD_COMMAND] = "";
	struct stored s;

	if (user != geteuid()) {
		(void)snprintf(c->why, sizeof(c->why),
		    "the name %s is taken by pid %d of user %u", o->name, pid,
		    user);
		return;
	}
	if (pid == 0) {
		(void)snprintf(c->why, sizeof(c->why),
		    "the name %s is in use by a process that does not answer",
		    o->name);
		return;
	}
	if (lease_named(c->dir, &s, o->name, STORE_READ)) {
		(void)strlcat(text_address(s.ip, ip), ", ", sizeof(ip));
		memcpy(line, s.record->identity.line, sizeof(line) - 1);
		printable_line(line);
		store_unmap(&s);
	}
	(void)snprintf(c->why, sizeof(c->why),
	    "the name %s is in use: %smonitor %d%s%s; --replace ends it",
	    o->name, ip, pid, line[0] != '\0' ? ", " : "", line);
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/*
 * Wait until the holder is gone, or until that time of clock_ms.  True when the
 * claim was cancelled.
 */
static bool
wait_for_holder(
    struct claim *c, const struct options *o, int watch, int64_t end)
{
	struct pollfd fds[] = { { .fd = watch, .events = POLLIN },
		{ .fd = c->cancel->fd, .events = POLLIN } };
	bool asked = !o->replace;
	int64_t left;

	while (fds[0].revents == 0 && (left = end - clock_ms()) > 0) {
		if (cancel_asked(c->cancel))
			return true;
		asked = asked || ask_to_end(c, o);
		(void)poll(
		    fds, 2, (int)least(left, asked ? LONGEST : ASK_AGAIN));
	}
	return false;
}

int
named_lock(struct claim *c, const struct options *o)
{
	int64_t wait = o->wait != WAIT_DEFAULT ? o->wait
		       : o->replace            ? REPLACE_WAIT
					       : 0;
	int64_t end = clock_ms() + wait;
	uid_t user = geteuid();
	bool cancelled = false;
	pid_t pid = 0;
	int watch;

	for (int takes = 1; (c->name_lock = namelock_take(o->name)) == -1 &&
			    errno == EADDRINUSE;
	     takes++) {
		watch = namelock_watch(o->name, &pid, &user);
		if (watch != -1) {
			cancelled = wait_for_holder(c, o, watch, end);
			close(watch);
		} else { /* it has just gone, or just come */
			(void)poll(NULL, 0, TAKE_AGAIN);
			cancelled = cancel_asked(c->cancel);
		}
		if (cancelled ||
		    (clock_ms() >= end && (watch != -1 || takes >= TAKES))) {
			explain_holder(c, o, pid, user);
			return -1;
		}
	}
	if (c->name_lock != -1)
		return 0;
	(void)snprintf(c->why, sizeof(c->why), "the lock of the name %s: %s",
	    o->name, strerror(errno));
	return -1;
}

/* Is the record at this address one of an earlier lease of the name? */
static bool
left_by(const struct claim *c, const char *name)
{
	struct stored s;
	char file[48];
	bool its;

	statedir_name(c->terms.leased, c->netns, file);
	store_map(c->dir, file, STORE_READ, &s);
	its = s.record != NULL &&
	      strncmp(s.record->identity.name, name, NAME_SIZE) == 0;
	store_unmap(&s);
	return its;
}

/* A process that only looks at an address has its lock for a moment. */
static enum claim_result
try_slice(struct claim *c, const struct options *o, int64_t patience)
{
	enum claim_result result = CLAIM_BUSY;
	enum verdict verdict;
	struct holder rival;
	struct evidence e;

	c->lock = addrlock_wait(c->terms.leased, clock_ms() + patience, &rival);
	if (c->lock == -1)
		return CLAIM_BUSY;
	if (store_has(c->dir, c->terms.leased, c->netns)) {
		if (left_by(c, o->name))
			return claim_finish_orphan(c);
	} else if ((verdict = claim_prove(c, &e)) == VERDICT_UNKNOWN) {
		refusal_unproven(false, e.sockets_unseen, c->why);
		result = CLAIM_BROKEN;
	} else if (verdict <= VERDICT_COOLING) {
		result = claim_take(c, &e);
	}
	if (result != CLAIM_FREE)
		claim_unlock(c);
	return result;
}

/* At one slice, until what an earlier lease of the name has left is ended. */
static enum claim_result
try_until_reaped(struct claim *c, const struct options *o, int64_t patience)
{
	int64_t end = clock_ms() + REPLACE_WAIT + o->grace;
	enum claim_result result = try_slice(c, o, patience);

	while (c->reaper.pid != 0 && clock_ms() < end) {
		reapchild_wait(&c->reaper, c->cancel->fd, end - clock_ms());
		if (cancel_asked(c->cancel)) {
			result = CLAIM_BROKEN;
			(void)strlcpy(c->why, "cancelled", sizeof(c->why));
			break;
		}
		if (c->reaper.pid == 0)
			result = try_slice(c, o, patience);
	}
	if (c->reaper.failed)
		result = CLAIM_BUSY; /* what it could not end stays there */
	reapchild_leave(&c->reaper);
	c->reaper = (struct reapchild){ 0 };
	c->again = 0;
	return result;
}

int
named_claim(struct claim *c, const struct options *o)
{
	uint32_t first = name_hash(geteuid(), o->name);
	enum claim_result result = CLAIM_BUSY;
	char wanted[INET_ADDRSTRLEN], given[INET_ADDRSTRLEN];

	for (uint32_t i = 0; i < ATTEMPTS && result == CLAIM_BUSY; i++) {
		c->terms.leased =
		    POOL_NET | (first + i) % POOL_SLICES << 8 | HOST_LEASED;
		if (i == 0)
			text_address(c->terms.leased, wanted);
		result = try_until_reaped(c, o, i == 0 ? LOOK_WAIT : 0);
	}
	text_address(c->terms.leased, given);
	if (result == CLAIM_FREE && strcmp(wanted, given) != 0)
		(void)snprintf(c->said, sizeof(c->said),
		    "%s, the address of the name %s, is taken: %s instead",
		    wanted, o->name, given);
	if (result == CLAIM_BUSY)
		refusal_exhausted(ATTEMPTS, 0, c->why);
	return result == CLAIM_FREE ? 0 : -1;
}
