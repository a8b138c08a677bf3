/* SPDX-License-Identifier: ISC */
/*
 * The kernel reports every socket that is closed, the lock of the last tenant
 * among them; a reaper tells by its end.
 */
#include "claim/adopt.h"
#include "base/clock.h"
#include "base/printable.h"
#include "base/text.h"
#include "kernel/addrlock.h"
#include "kernel/sockwatch.h"
#include "proof/proof.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT = 30000 /* milliseconds, by default */ };

/*
 * Wait until a socket there is gone.  Without the kernel's reports, and for
 * what it does not report (UDP), look again after a while.  While only our own
 * probes of ports tell, or the lock is taken just for a look, our own sockets
 * would be reported and wake us for ever: then take no reports.
 */
static void
wait_for_change(
    struct claim *c, const struct evidence *e, int watch, int64_t ms)
{
	bool held = c->lock != -1 && e->held == 0 && e->ports_held > 0;
	bool probed = held || e->ports_waiting > 0 || c->again != 0;
	int64_t most = watch == -1 || held ? 20 : 250;

	if (c->reaper.pid != 0)
		reapchild_wait(&c->reaper, c->cancel->fd, ms);
	else
		sockwatch_wait(probed ? -1 : watch, c->cancel->fd, &c->terms,
		    ms < most ? ms : most);
}

/* Is the port in TIME_WAIT still refused?  A look at all costs more. */
static bool
cools(const struct claim *c, const struct evidence *e)
{
	return c->lock != -1 && e->ports_waiting > 0 &&
	       addrlock_probe(c->terms.leased, e->port, SOCK_STREAM, true) ==
		   -1 &&
	       errno == EADDRINUSE;
}

/*
 * One attempt at the adopted address.  Once taken, its lock is kept between
 * attempts, so that others that wait for the address do not get in between.
 */
static enum claim_result
try_adopt(struct claim *c, struct evidence *e)
{
	enum verdict verdict;

	if (cools(c, e))
		return CLAIM_BUSY;
	memset(e, 0, sizeof(*e));
	if (c->reaper.pid != 0)
		return CLAIM_BUSY;
	if (c->lock == -1)
		c->lock = addrlock_take(c->terms.leased);
	if (c->lock == -1)
		return CLAIM_BUSY;
	if (store_has(c->dir, c->terms.leased, c->netns))
		return claim_finish_orphan(c);
	c->again = 0;
	verdict = claim_prove(c, e);
	if (verdict == VERDICT_UNKNOWN) {
		refusal_unproven(true, e->sockets_unseen, c->why);
		return CLAIM_BROKEN;
	}
	/* TIME_WAIT forbids a bind only if its server lacked SO_REUSEADDR. */
	if (verdict > VERDICT_COOLING || e->ports_waiting > 0)
		return CLAIM_BUSY;
	return claim_take(c, e);
}

/* The command of the lease there, if we may read its record. */
static void
read_command(const struct claim *c, char line[static RECORD_COMMAND])
{
	struct stored s;
	char name[48];

	statedir_name(c->terms.leased, c->netns, name);
	store_map(c->dir, name, STORE_READ, &s);
	line[0] = '\0';
	if (s.record != NULL)
		memcpy(line, s.record->identity.line, RECORD_COMMAND - 1);
	line[RECORD_COMMAND - 1] = '\0';
	store_unmap(&s);
	printable_line(line);
}

static unsigned int
seconds_until(int64_t when)
{
	int64_t left = when - clock_ms();

	return left > 0 ? (unsigned int)((left + 999) / 1000) : 0;
}

static void
explain_tenant(struct claim *c, struct evidence *e)
{
	char reaped[TAIL_SIZE], command[RECORD_COMMAND];
	const struct refusal_tenant tenant = { .ip = c->terms.leased,
		.left = e,
		.reaping = c->reaper.pid != 0,
		.reaped = reaped,
		.command = command,
		.seconds = seconds_until(e->waits_until) };

	if (c->lock == -1 && c->reaper.pid == 0) {
		if (claim_explain_lock(c))
			return;
		(void)claim_prove(c, e);
	}
	if (evidence_held(e) != NULL)
		evidence_holders(e);
	reapchild_line(&c->reaper, reaped);
	read_command(c, command);
	refusal_busy(&tenant, c->why);
}

int
adopt_claim(struct claim *c, const struct options *o)
{
	int watch = sockwatch_open();
	int64_t wait = o->wait == WAIT_DEFAULT ? WAIT : o->wait;
	int64_t end = clock_ms() + wait, left;
	struct evidence e = { 0 };
	enum claim_result result;

	c->terms.leased = o->ip;
	c->terms.flags |= TERMS_ADOPTED;
	while ((result = try_adopt(c, &e)) == CLAIM_BUSY &&
	       (left = end - clock_ms()) > 0 && e.waits_until <= end &&
	       !cancel_asked(c->cancel))
		wait_for_change(c, &e, watch, left);
	if (watch != -1)
		close(watch);
	if (result == CLAIM_BUSY)
		explain_tenant(c, &e);
	reapchild_leave(&c->reaper);
	if (result == CLAIM_FREE)
		return 0;
	claim_unlock(c);
	return -1;
}
