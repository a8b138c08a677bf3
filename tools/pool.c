/* SPDX-License-Identifier: ISC */
/*
 * Slices are tried in the order of their history until one proves clean.  An
 * adopted address is waited for: the kernel reports every socket that goes,
 * the last tenant's sentinel among them.
 */
#include "pool.h"
#include "clock.h"
#include "departures.h"
#include "fault.h"
#include "interfaces.h"
#include "procfs.h"
#include "proof.h"
#include "sentinel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
	ATTEMPTS = 256, /* before a pool that refuses everything is refusing */
	REAP_AGAIN = 1000 /* ms between looks at what a reaper left */
};

/* What looking at one address came to. */
enum look_result { FREE, BUSY, BROKEN };

static int __attribute__((format(printf, 2, 3)))
explain(struct claim *c, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(c->why, sizeof(c->why), format, ap);
	va_end(ap);
	return -1;
}

size_t
pool_slice(uint32_t ip)
{
	if ((ip & POOL_MASK) != POOL_NET)
		return POOL_SLICES;
	return (ip & ~POOL_MASK) >> 8;
}

static uint32_t
leased_of(size_t slice)
{
	return POOL_NET | (uint32_t)slice << 8 | HOST_LEASED;
}

static size_t
random_slice(void)
{
	uint32_t n = 0;

	if (getrandom(&n, sizeof(n), GRND_NONBLOCK) == -1)
		n = (uint32_t)getpid();
	return n % POOL_SLICES;
}

static void
unlock(struct claim *c)
{
	if (c->sentinel != -1)
		close(c->sentinel);
	c->sentinel = -1;
}

/* Prove that nobody is left there. */
static enum verdict
prove(struct claim *c, struct evidence *e, enum look look)
{
	memset(e, 0, sizeof(*e));
	errno = 0;
	evidence_all(e, c->diag, &c->terms, NULL, look);
	return proof_of(e);
}

static const struct leftover *
first_blocking(const struct evidence *e)
{
	for (size_t i = 0; i < e->nleft; i++)
		if (e->left[i].blocks)
			return &e->left[i];
	return NULL;
}

static void
holder_text(const struct leftover *left, char *text, size_t size)
{
	if (left->holder == 0)
		(void)snprintf(text, size, "a process that cannot be seen");
	else
		(void)snprintf(
		    text, size, "pid %d (%s)", left->holder, left->line);
}

/*
 * A stranger on a wildcard and a declared port would block every slice.  One
 * who lets others share it (UDP, SO_REUSEADDR) would still get what is sent
 * before the command binds it.
 */
static int
refuse_foreign(struct claim *c, struct evidence *e)
{
	const struct leftover *left;
	char who[HOLDER_LINE + 32];

	left = first_blocking(e);
	if (left == NULL)
		return 0;
	evidence_holders(e);
	holder_text(left, who, sizeof(who));
	return explain(c,
	    "%sport %u is taken on every address by %s: end it, or leave the "
	    "port out of --ports",
	    left->socket.protocol == IPPROTO_UDP ? "UDP " : "",
	    left->socket.lport, who);
}

static int
create_record(struct claim *c)
{
	if (store_create(c->dir, c->terms.leased, c->netns, &c->stored) == -1)
		return explain(c, "cannot create a record in %s: %s",
		    c->dir->path, strerror(errno));
	c->stored.record->terms = c->terms;
	return 0;
}

/* refused: a port that was held by nobody that can be seen. */
static enum look_result
try_slice(struct claim *c, size_t slice, uint16_t *refused)
{
	enum look look =
	    history_clean(c->history, slice) ? LOOK_CHEAP : LOOK_WALK;
	enum verdict verdict;
	struct evidence e;

	c->terms.leased = leased_of(slice);
	c->sentinel =
	    fault("claim.lock") == -1 ? -1 : sentinel_take(c->terms.leased);
	if (c->sentinel == -1)
		return BUSY;
	(void)fault("claim.locked");
	if (store_has(c->dir, c->terms.leased, c->netns)) {
		unlock(c);
		return BUSY;
	}
	verdict = prove(c, &e, look);
	(void)fault("claim.proven");
	switch (verdict) {
	case VERDICT_CLEAN:
		if (refuse_foreign(c, &e) == 0 && create_record(c) == 0)
			return FREE;
		unlock(c);
		return BROKEN;
	case VERDICT_UNKNOWN:
		(void)explain(c, "no address can be proven free: sock_diag: %s",
		    strerror(e.sockets_unseen));
		unlock(c);
		return BROKEN;
	default:
		if (e.held == 0)
			*refused = e.port;
		unlock(c);
		return BUSY;
	}
}

static const struct leftover *
lock_holder(const struct evidence *e)
{
	for (size_t i = 0; i < e->nleft; i++)
		if (e->left[i].socket.protocol == IPPROTO_TCP &&
		    (e->left[i].blocks || e->left[i].kind != LEFT_FOREIGN))
			return &e->left[i];
	return NULL;
}

/* The lock was refused: by somebody who is no lease?  Then say so. */
static bool
explain_lock(struct claim *c)
{
	struct terms t = { .leased = sentinel_address(c->terms.leased),
		.flags = TERMS_ADOPTED,
		.nports = 1,
		.ports = { { SENTINEL_PORT, SENTINEL_PORT } } };
	struct evidence e = { 0 };
	const struct leftover *left;
	char who[HOLDER_LINE + 32];

	evidence_all(&e, c->diag, &t, NULL, LOOK_CHEAP);
	left = lock_holder(&e);
	if (left == NULL)
		return false;
	evidence_holders(&e);
	holder_text(left, who, sizeof(who));
	(void)explain(c, "port %u, which portlease needs, is taken%s by %s",
	    SENTINEL_PORT, left->blocks ? " on every address" : "", who);
	return true;
}

/* Every attempt failed. */
static int
explain_exhausted(struct claim *c, uint16_t refused)
{
	if (explain_lock(c))
		return -1;
	if (refused != 0)
		return explain(c,
		    "no free address after %d attempts: port %u is taken by a "
		    "socket that cannot be seen",
		    ATTEMPTS, refused);
	return explain(c, "no free address after %d attempts", ATTEMPTS);
}

static int
claim_slice(struct claim *c)
{
	unsigned char *tried = calloc(1, POOL_SLICES);
	size_t from = random_slice(), slice;
	uint16_t refused = 0;
	int rc = 1;

	if (tried == NULL)
		return explain(c, "%s", strerror(errno));
	for (int i = 0; i < ATTEMPTS && rc == 1; i++) {
		slice = history_oldest(c->history, tried, from);
		if (slice == POOL_SLICES)
			break;
		tried[slice] = 1;
		switch (try_slice(c, slice, &refused)) {
		case FREE:
			history_note(c->history, slice, false);
			rc = 0;
			break;
		case BROKEN:
			rc = -1;
			break;
		case BUSY:
			break;
		}
	}
	free(tried);
	return rc == 1 ? explain_exhausted(c, refused) : rc;
}

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
		finisher_wait(&c->finisher, c->claimant->fd, ms);
	else
		departures_wait(probed ? -1 : watch, c->claimant->fd, &c->terms,
		    ms < most ? ms : most);
}

/*
 * A record without a lock: its monitor was lost.  Its reaper takes the lock;
 * where that could not finish it, the next one may, a second later.
 */
static enum look_result
finish_orphan(struct claim *c)
{
	unlock(c);
	if (c->finisher.failed) {
		(void)explain(c, "%s", finisher_line(&c->finisher));
		return BROKEN;
	}
	if (clock_ms() < c->again)
		return BUSY;
	c->again = clock_ms() + REAP_AGAIN;
	if (finisher_start(
		&c->finisher, c->dir, c->terms.leased, c->sig, c->grace) == 0)
		return BUSY;
	(void)explain(c, "portlease reap: %s", strerror(errno));
	return BROKEN;
}

/*
 * One attempt at the adopted address, with its sentinel and its orphans.  The
 * sentinel is kept: those who wait for the same address need not take turns.
 */
static enum look_result
try_adopt(struct claim *c, struct evidence *e)
{
	enum verdict verdict;

	memset(e, 0, sizeof(*e));
	if (c->finisher.pid != 0)
		return BUSY;
	if (c->sentinel == -1)
		c->sentinel = sentinel_take(c->terms.leased);
	if (c->sentinel == -1)
		return BUSY;
	if (store_has(c->dir, c->terms.leased, c->netns))
		return finish_orphan(c);
	c->again = 0;
	verdict = prove(c, e, LOOK_WALK);
	if (verdict == VERDICT_UNKNOWN) {
		(void)explain(c,
		    "the address cannot be proven free: "
		    "sock_diag: %s",
		    strerror(e->sockets_unseen));
		return BROKEN;
	}
	/* TIME_WAIT keeps from binding only where its own server was naive. */
	if (verdict > VERDICT_COOLING || e->ports_waiting > 0)
		return BUSY;
	if (refuse_foreign(c, e) == 0 && create_record(c) == 0)
		return FREE;
	return BROKEN;
}

static int
explain_tenant(struct claim *c, struct evidence *e)
{
	char ip[16], who[HOLDER_LINE + 32] = "another lease";
	const struct leftover *held;

	options_address_text(c->terms.leased, ip);
	if (c->sentinel == -1 && c->finisher.pid == 0) {
		if (explain_lock(c))
			return -1;
		(void)prove(c, e, LOOK_WALK);
	}
	held = evidence_held(e);
	if (held != NULL) {
		evidence_holders(e);
		holder_text(held, who, sizeof(who));
		return explain(c, "%s: port %u is still held by %s", ip,
		    held->socket.lport, who);
	}
	if (e->ports_held > 0)
		return explain(c,
		    "%s: port %u is still taken by a socket that cannot be "
		    "seen",
		    ip, e->port);
	if (e->ports_waiting > 0)
		return explain(c,
		    "%s: port %u is in TIME_WAIT: its last server did not set "
		    "SO_REUSEADDR",
		    ip, e->port);
	if (c->finisher.pid != 0)
		return explain(c,
		    "%s: still held by what a lost lease left, "
		    "which is being ended",
		    ip);
	if (c->finisher.said[0] != '\0')
		return explain(c, "%s", finisher_line(&c->finisher));
	return explain(c, "%s: still held by %s", ip, who);
}

static int
claim_address(struct claim *c, const struct options *o)
{
	int watch = sockdiag_watch_open();
	int64_t end = clock_ms() + o->wait, left;
	struct evidence e;
	enum look_result result;

	c->terms.leased = o->ip;
	c->terms.flags |= TERMS_ADOPTED;
	while ((result = try_adopt(c, &e)) == BUSY &&
	       (left = end - clock_ms()) > 0 && !claimant_gave_up(c->claimant))
		wait_for_change(c, &e, watch, left);
	if (watch != -1)
		close(watch);
	if (result == BUSY)
		(void)explain_tenant(c, &e);
	finisher_leave(&c->finisher);
	if (result == FREE)
		return 0;
	unlock(c);
	return -1;
}

int
pool_claim(struct claim *c, const struct options *o, const struct statedir *dir,
    struct claimant *claimant)
{
	memset(c, 0, sizeof(*c));
	c->claimant = claimant;
	c->dir = dir;
	c->sentinel = -1;
	c->terms = o->terms;
	c->sig = o->sig;
	c->grace = o->grace;
	interfaces_fill(&c->terms);
	if (procfs_namespace("net", &c->netns) == -1)
		return explain(c, "/proc/self/ns/net: %s", strerror(errno));
	c->diag = fault("claim.sock_diag") == -1 ? NULL : sockdiag_open();
	if (c->diag == NULL)
		return explain(c,
		    "no address can be proven free: sock_diag: %s",
		    strerror(errno));
	c->history =
	    fault("claim.history") == -1 ? NULL : history_open(dir, c->netns);
	return o->ip != 0 ? claim_address(c, o) : claim_slice(c);
}

void
pool_release(struct claim *c, bool free, bool clean)
{
	size_t slice = pool_slice(c->terms.leased);

	if (free)
		(void)store_remove(c->dir, c->stored.name);
	if (slice < POOL_SLICES && !(c->terms.flags & TERMS_ADOPTED))
		history_note(c->history, slice, clean);
	store_unmap(&c->stored);
	unlock(c);
	history_close(c->history);
	sockdiag_close(c->diag);
	c->history = NULL;
	c->diag = NULL;
}
