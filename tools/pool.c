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
#include "reaper.h"
#include "sentinel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* Attempts before a pool that refuses everything counts as refusing. */
enum { ATTEMPTS = 256 };

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
	evidence_sockets(e, c->diag, &c->terms, NULL, look);
	if (e->held == 0)
		evidence_ports(e, &c->terms);
	return proof_of(e);
}

static const struct leftover *
first_foreign(const struct evidence *e)
{
	for (size_t i = 0; i < e->nleft; i++)
		if (sockdiag_wildcard(&e->left[i].socket) &&
		    e->left[i].socket.protocol == IPPROTO_TCP)
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

/* A wildcard listener on a declared port would block every slice. */
static int
refuse_foreign(struct claim *c, struct evidence *e)
{
	const struct leftover *left;
	char who[HOLDER_LINE + 32];

	left = first_foreign(e);
	if (left == NULL)
		return 0;
	evidence_holders(e);
	holder_text(left, who, sizeof(who));
	return explain(c,
	    "port %u is taken on every address by %s: end it, or leave the "
	    "port out of --ports",
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

static enum look_result
try_slice(struct claim *c, size_t slice)
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
	if (verdict == VERDICT_HELD && e.held == 0 && look == LOOK_CHEAP)
		verdict = prove(c, &e, LOOK_WALK); /* a stranger's UDP? */
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
		unlock(c);
		return BUSY;
	}
}

/* Every attempt failed: is the lock's port taken on all addresses? */
static int
explain_exhausted(struct claim *c)
{
	struct evidence e = { 0 };
	struct terms t = c->terms;
	const struct leftover *left;
	char who[HOLDER_LINE + 32];

	t.ports[0] = (struct port_range){ SENTINEL_PORT, SENTINEL_PORT };
	t.nports = 1;
	evidence_sockets(&e, c->diag, &t, NULL, LOOK_CHEAP);
	left = first_foreign(&e);
	if (left == NULL)
		return explain(
		    c, "no free address after %d attempts", ATTEMPTS);
	evidence_holders(&e);
	holder_text(left, who, sizeof(who));
	return explain(c,
	    "port %u, which portlease needs, is taken on every address by %s",
	    SENTINEL_PORT, who);
}

static int
claim_slice(struct claim *c)
{
	unsigned char *tried = calloc(1, POOL_SLICES);
	size_t from = random_slice(), slice;
	int rc = 1;

	if (tried == NULL)
		return explain(c, "%s", strerror(errno));
	for (int i = 0; i < ATTEMPTS && rc == 1; i++) {
		slice = history_oldest(c->history, tried, from);
		if (slice == POOL_SLICES)
			break;
		tried[slice] = 1;
		switch (try_slice(c, slice)) {
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
	return rc == 1 ? explain_exhausted(c) : rc;
}

/*
 * Wait until a socket there is gone.  Without the kernel's reports, and for
 * what it does not report (UDP), look again after a while.  Where only our
 * own probes tell, their reports would wake us for ever.
 */
static void
wait_for_change(
    const struct claim *c, const struct evidence *e, int watch, int64_t ms)
{
	bool probed = c->sentinel != -1 && e->held == 0 && e->ports_held > 0;
	int64_t most = watch == -1 || probed ? 20 : 250;

	departures_wait(probed ? -1 : watch, &c->terms, ms < most ? ms : most);
}

/* A record without a lock: its monitor was lost.  We hold the lock now. */
static enum look_result
finish_orphan(struct claim *c, struct evidence *e)
{
	struct reaping how = { c->sig, c->grace, false };
	struct stored orphan;
	struct reaped reaped;
	char name[48];

	statedir_name(c->terms.leased, c->netns, name);
	store_map(c->dir, name, false, &orphan);
	reaper_finish(c->dir, &orphan, &how, &reaped);
	store_unmap(&orphan);
	tenants_free(&reaped.tenants);
	*e = reaped.evidence;
	if (reaped.stays != 0) {
		(void)explain(c, "%s: cannot be removed: %s", orphan.path,
		    strerror(reaped.stays));
		return BROKEN;
	}
	return reaped.verdict <= VERDICT_COOLING ? FREE : BUSY;
}

/*
 * One attempt at the adopted address, with its sentinel and its orphans.  The
 * sentinel is kept: those who wait for the same address need not take turns.
 */
static enum look_result
try_adopt(struct claim *c, struct evidence *e)
{
	enum look_result orphan = FREE;
	enum verdict verdict;

	memset(e, 0, sizeof(*e));
	if (c->sentinel == -1)
		c->sentinel = sentinel_take(c->terms.leased);
	if (c->sentinel == -1)
		return BUSY;
	if (store_has(c->dir, c->terms.leased, c->netns))
		orphan = finish_orphan(c, e);
	if (orphan != FREE)
		return orphan;
	verdict = prove(c, e, LOOK_WALK);
	if (verdict == VERDICT_UNKNOWN) {
		(void)explain(c,
		    "the address cannot be proven free: "
		    "sock_diag: %s",
		    strerror(e->sockets_unseen));
		return BROKEN;
	}
	/* TIME_WAIT does not keep servers with SO_REUSEADDR from binding. */
	if (verdict != VERDICT_CLEAN && verdict != VERDICT_COOLING)
		return BUSY;
	if (refuse_foreign(c, e) == 0 && create_record(c) == 0)
		return FREE;
	return BROKEN;
}

static int
explain_tenant(struct claim *c, struct evidence *e)
{
	char ip[16], who[HOLDER_LINE + 32] = "another lease";

	options_address_text(c->terms.leased, ip);
	if (e->held > 0) {
		evidence_holders(e);
		holder_text(&e->left[0], who, sizeof(who));
		return explain(c, "%s: port %u is still held by %s", ip,
		    e->left[0].socket.lport, who);
	}
	if (e->ports_held > 0)
		return explain(c, "%s: port %u is still taken", ip, e->port);
	if (proof_of(e) != VERDICT_CLEAN) /* of an orphan */
		proof_reason(e, who, sizeof(who));
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
	       (left = end - clock_ms()) > 0)
		wait_for_change(c, &e, watch, left);
	if (watch != -1)
		close(watch);
	if (result == FREE)
		return 0;
	unlock(c);
	return result == BUSY ? explain_tenant(c, &e) : -1;
}

int
pool_claim(struct claim *c, const struct options *o, const struct statedir *dir)
{
	memset(c, 0, sizeof(*c));
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
