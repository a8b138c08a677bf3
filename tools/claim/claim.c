/* SPDX-License-Identifier: ISC */
#include "claim/claim.h"
#include "base/clock.h"
#include "kernel/addrlock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { REAP_AGAIN = 1000 /* ms between looks at what a reaper left */ };

void
claim_unlock(struct claim *c)
{
	if (c->lock != -1)
		close(c->lock);
	c->lock = -1;
}

enum verdict
claim_prove(struct claim *c, struct evidence *e)
{
	memset(e, 0, sizeof(*e));
	errno = 0;
	evidence_all(e, c->diag, &c->terms, NULL);
	return proof_of(e);
}

/*
 * A stranger on a wildcard and a declared port would block every slice.  One
 * that lets others share it (UDP, SO_REUSEADDR) would still get what is sent
 * before the command binds it.
 */
enum claim_result
claim_take(struct claim *c, struct evidence *e)
{
	for (size_t i = 0; i < e->nleft; i++) {
		if (!e->left[i].blocks)
			continue;
		evidence_holders(e);
		refusal_foreign(&e->left[i], c->why);
		return CLAIM_BROKEN;
	}
	if (store_create(c->dir, &c->terms, c->netns, &c->stored) == 0)
		return CLAIM_FREE;
	(void)snprintf(c->why, sizeof(c->why),
	    "cannot create a record in %.300s: %s", c->dir->path,
	    strerror(errno));
	return CLAIM_BROKEN;
}

enum claim_result
claim_finish_orphan(struct claim *c)
{
	claim_unlock(c);
	if (c->reaper.failed) {
		reapchild_line(&c->reaper, c->why);
		return CLAIM_BROKEN;
	}
	if (clock_ms() < c->again)
		return CLAIM_BUSY;
	c->again = clock_ms() + REAP_AGAIN;
	if (reapchild_start(&c->reaper, c->dir->path, c->terms.leased, c->sig,
		c->grace) == 0)
		return CLAIM_BUSY;
	(void)snprintf(
	    c->why, sizeof(c->why), "portlease reap: %s", strerror(errno));
	return CLAIM_BROKEN;
}

bool
claim_explain_lock(struct claim *c)
{
	struct terms t = { .leased = addrlock_address(c->terms.leased),
		.flags = TERMS_ADOPTED,
		.nports = 1,
		.ports = { { ADDRLOCK_PORT, ADDRLOCK_PORT } } };
	struct evidence e = { 0 };

	evidence_all(&e, c->diag, &t, NULL);
	for (size_t i = 0; i < e.nleft; i++) {
		const struct leftover *left = &e.left[i];

		if (left->socket.protocol != IPPROTO_TCP ||
		    (!left->blocks && left->kind == LEFT_FOREIGN))
			continue;
		evidence_holders(&e);
		refusal_lock(left, c->why);
		return true;
	}
	return false;
}
