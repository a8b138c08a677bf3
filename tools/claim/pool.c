/* SPDX-License-Identifier: ISC */
/* Slices are tried in the order of their history until one proves clean. */
#include "claim/pool.h"
#include "claim/adopt.h"
#include "claim/named.h"
#include "kernel/addrlock.h"
#include "kernel/ifaddrs.h"
#include "kernel/procfs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* Attempts before a pool that refuses everything counts as refusing. */
enum { ATTEMPTS = 256 };

size_t
pool_slice(uint32_t ip)
{
	if ((ip & POOL_MASK) != POOL_NET)
		return POOL_SLICES;
	return (ip & ~POOL_MASK) >> 8;
}

static size_t
random_slice(void)
{
	uint32_t n = 0;

	if (getrandom(&n, sizeof(n), GRND_NONBLOCK) == -1)
		n = (uint32_t)getpid();
	return n % POOL_SLICES;
}

/* *refused: a port that is taken, though no socket on it can be seen. */
static enum claim_result
try_slice(struct claim *c, size_t slice, uint16_t *refused)
{
	enum claim_result result;
	enum verdict verdict;
	struct evidence e;

	c->terms.leased = POOL_NET | (uint32_t)slice << 8 | HOST_LEASED;
	c->lock = addrlock_take(c->terms.leased);
	if (c->lock == -1)
		return CLAIM_BUSY;
	if (store_has(c->dir, c->terms.leased, c->netns)) {
		claim_unlock(c);
		return CLAIM_BUSY;
	}
	verdict = claim_prove(c, &e);
	switch (verdict) {
	case VERDICT_CLEAN:
		result = claim_take(c, &e);
		break;
	case VERDICT_UNKNOWN:
		refusal_unproven(false, e.sockets_unseen, c->why);
		result = CLAIM_BROKEN;
		break;
	default:
		if (e.held == 0)
			*refused = e.port;
		result = CLAIM_BUSY;
	}
	if (result != CLAIM_FREE)
		claim_unlock(c);
	return result;
}

static int
claim_slice(struct claim *c)
{
	unsigned char *tried = calloc(1, POOL_SLICES);
	enum claim_result result = CLAIM_BUSY;
	size_t from = random_slice(), slice = POOL_SLICES;
	uint16_t refused = 0;

	if (tried == NULL) {
		(void)strlcpy(c->why, strerror(errno), sizeof(c->why));
		return -1;
	}
	for (int i = 0; i < ATTEMPTS && result == CLAIM_BUSY; i++) {
		slice = history_oldest(c->history, tried, from);
		if (slice == POOL_SLICES)
			break;
		tried[slice] = 1;
		result = try_slice(c, slice, &refused);
	}
	free(tried);
	if (result == CLAIM_FREE)
		history_note(c->history, slice, false);
	else if (result == CLAIM_BUSY && !claim_explain_lock(c))
		refusal_exhausted(ATTEMPTS, refused, c->why);
	return result == CLAIM_FREE ? 0 : -1;
}

int
pool_claim(struct claim *c, const struct options *o, const struct statedir *dir,
    struct cancel *cancel)
{
	memset(c, 0, sizeof(*c));
	c->cancel = cancel;
	c->dir = dir;
	c->lock = c->name_lock = -1;
	c->terms = o->terms;
	c->sig = o->sig;
	c->grace = o->grace;
	ifaddrs_fill(&c->terms);
	if (procfs_namespace("net", &c->netns) == -1) {
		(void)snprintf(c->why, sizeof(c->why), "/proc/self/ns/net: %s",
		    strerror(errno));
		return -1;
	}
	c->diag = sockdiag_open();
	if (c->diag == NULL) {
		refusal_unproven(false, errno, c->why);
		return -1;
	}
	c->history = history_open(dir, c->netns);
	if (o->name[0] != '\0' && named_lock(c, o) == -1)
		return -1;
	if (o->ip != 0)
		return adopt_claim(c, o);
	return o->name[0] != '\0' ? named_claim(c, o) : claim_slice(c);
}

void
pool_release(struct claim *c, bool clean)
{
	size_t slice = pool_slice(c->terms.leased);

	if (slice < POOL_SLICES && !(c->terms.flags & TERMS_ADOPTED))
		history_note(c->history, slice, clean);
	store_unmap(&c->stored);
	claim_unlock(c);
	history_close(c->history);
	sockdiag_close(c->diag);
	c->history = NULL;
	c->diag = NULL;
}
