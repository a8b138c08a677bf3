/* SPDX-License-Identifier: ISC */
/*
 * The kernel reports every socket that goes, the last tenant's sentinel among
 * them; an orphan's reaper tells by its end.
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

enum { REAP_AGAIN = 1000 /* ms between looks at what a reaper left */ };

/*
 * Wait until a socket there is gone.  Without the kernel's reports, and for
 * what it does not report (UDP), look again after a while.  Where only our
 * own probes tell, or the lock is taken only to look, reports of our own
 * sockets would wake us for ever.
 */
static void
wait_for_change(
    struct claim *c, const struct evidence *e, int watch, int64_t ms)
{
	bool held = c->sentinel != -1 && e->held == 0 && e->ports_held > 0;
	bool probed = held || e->ports_waiting > 0 || c->again != 0;
	int64_t most = watch == -1 || held ? 20 : 250;

	if (c->finisher.pid != 0)
		reapchild_wait(&c->finisher, c->claimant->fd, ms);
	else
		sockwatch_wait(probed ? -1 : watch, c->claimant->fd, &c->terms,
		    ms < most ? ms : most);
}

/*
 * A record without a lock: its monitor was lost.  Its reaper takes the lock;
 * where that could not finish it, the next one may, a second later.
 */
static enum claim_result
finish_orphan(struct claim *c)
{
	claim_unlock(c);
	if (c->finisher.failed) {
		(void)claim_explain(c, "%s", reapchild_line(&c->finisher));
		return CLAIM_BROKEN;
	}
	if (clock_ms() < c->again)
		return CLAIM_BUSY;
	c->again = clock_ms() + REAP_AGAIN;
	if (reapchild_start(
		&c->finisher, c->dir, c->terms.leased, c->sig, c->grace) == 0)
		return CLAIM_BUSY;
	(void)claim_explain(c, "portlease reap: %s", strerror(errno));
	return CLAIM_BROKEN;
}

/* Is the port that cooled still refused?  A look at all of them costs more. */
static bool
cools(const struct claim *c, const struct evidence *e)
{
	return c->sentinel != -1 && e->ports_waiting > 0 &&
	       addrlock_probe(c->terms.leased, e->port, SOCK_STREAM, true) ==
		   -1 &&
	       errno == EADDRINUSE;
}

/*
 * One attempt at the adopted address, with its sentinel and its orphans.  The
 * sentinel is kept: those who wait for the same address need not take turns.
 */
static enum claim_result
try_adopt(struct claim *c, struct evidence *e)
{
	enum verdict verdict;

	if (cools(c, e))
		return CLAIM_BUSY;
	memset(e, 0, sizeof(*e));
	if (c->finisher.pid != 0)
		return CLAIM_BUSY;
	if (c->sentinel == -1)
		c->sentinel = addrlock_take(c->terms.leased);
	if (c->sentinel == -1)
		return CLAIM_BUSY;
	if (store_has(c->dir, c->terms.leased, c->netns))
		return finish_orphan(c);
	c->again = 0;
	verdict = claim_prove(c, e, LOOK_WALK);
	if (verdict == VERDICT_UNKNOWN) {
		(void)claim_explain(c,
		    "the address cannot be proven free: "
		    "sock_diag: %s",
		    strerror(e->sockets_unseen));
		return CLAIM_BROKEN;
	}
	/* TIME_WAIT keeps from binding only where its own server was naive. */
	if (verdict > VERDICT_COOLING || e->ports_waiting > 0)
		return CLAIM_BUSY;
	return claim_take(c, e);
}

/* One without a socket: its record, if we may read that, has its command. */
static void
name_lease(const struct claim *c, char *text, size_t size)
{
	char name[48], line[RECORD_COMMAND] = "";
	struct stored s;

	statedir_name(c->terms.leased, c->netns, name);
	store_map(c->dir, name, false, &s);
	if (s.record != NULL)
		memcpy(line, s.record->identity.line, sizeof(line) - 1);
	store_unmap(&s);
	line[sizeof(line) - 1] = '\0';
	printable_line(line);
	(void)snprintf(
	    text, size, "another lease%s%s", line[0] != '\0' ? ": " : "", line);
}

static int
explain_tenant(struct claim *c, struct evidence *e)
{
	char ip[16], who[HOLDER_LINE + 32];
	const struct leftover *held;

	text_address(c->terms.leased, ip);
	if (c->sentinel == -1 && c->finisher.pid == 0) {
		if (claim_explain_lock(c))
			return -1;
		(void)claim_prove(c, e, LOOK_WALK);
	}
	held = evidence_held(e);
	if (held != NULL) {
		evidence_holders(e);
		claim_holder(held, who, sizeof(who));
		return claim_explain(c, "%s: port %u is still held by %s", ip,
		    held->socket.local.port, who);
	}
	if (e->ports_held > 0)
		return claim_explain(c,
		    "%s: port %u is still taken by a socket that cannot be "
		    "seen",
		    ip, e->port);
	if (e->ports_waiting > 0)
		return claim_explain(c,
		    "%s: port %u is in TIME_WAIT: its last server did not set "
		    "SO_REUSEADDR",
		    ip, e->port);
	if (c->finisher.pid != 0)
		return claim_explain(c,
		    "%s: still held by what a lost lease left, "
		    "which is being ended",
		    ip);
	if (c->finisher.said[0] != '\0')
		return claim_explain(c, "%s", reapchild_line(&c->finisher));
	name_lease(c, who, sizeof(who));
	return claim_explain(c, "%s: still held by %s", ip, who);
}

int
adopt_claim(struct claim *c, const struct options *o)
{
	int watch = sockwatch_open();
	int64_t end = clock_ms() + o->wait, left;
	struct evidence e = { 0 };
	enum claim_result result;

	c->terms.leased = o->ip;
	c->terms.flags |= TERMS_ADOPTED;
	while ((result = try_adopt(c, &e)) == CLAIM_BUSY &&
	       (left = end - clock_ms()) > 0 && !cancel_asked(c->claimant))
		wait_for_change(c, &e, watch, left);
	if (watch != -1)
		close(watch);
	if (result == CLAIM_BUSY)
		(void)explain_tenant(c, &e);
	reapchild_leave(&c->finisher);
	if (result == CLAIM_FREE)
		return 0;
	claim_unlock(c);
	return -1;
}
