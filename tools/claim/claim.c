/* SPDX-License-Identifier: ISC */
/* The steps of a claim, and the words for why it failed. */
#include "claim/claim.h"
#include "kernel/addrlock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
claim_explain(struct claim *c, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(c->why, sizeof(c->why), format, ap);
	va_end(ap);
	return -1;
}

void
claim_unlock(struct claim *c)
{
	if (c->sentinel != -1)
		close(c->sentinel);
	c->sentinel = -1;
}

enum verdict
claim_prove(struct claim *c, struct evidence *e, enum look look)
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

void
claim_holder(const struct leftover *left, char *text, size_t size)
{
	if (left->holder.pid == 0)
		(void)snprintf(text, size, "a process that cannot be seen");
	else
		(void)snprintf(text, size, "pid %d (%s)", left->holder.pid,
		    left->holder.line);
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
	claim_holder(left, who, sizeof(who));
	return claim_explain(c,
	    "%sport %u is taken on every address by %s: end it, or leave the "
	    "port out of --ports",
	    left->socket.protocol == IPPROTO_UDP ? "UDP " : "",
	    left->socket.local.port, who);
}

static int
create_record(struct claim *c)
{
	if (store_create(c->dir, &c->terms, c->netns, &c->stored) == -1)
		return claim_explain(c, "cannot create a record in %s: %s",
		    c->dir->path, strerror(errno));
	return 0;
}

enum claim_result
claim_take(struct claim *c, struct evidence *e)
{
	if (refuse_foreign(c, e) == 0 && create_record(c) == 0)
		return CLAIM_FREE;
	return CLAIM_BROKEN;
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

bool
claim_explain_lock(struct claim *c)
{
	struct terms t = { .leased = addrlock_address(c->terms.leased),
		.flags = TERMS_ADOPTED,
		.nports = 1,
		.ports = { { ADDRLOCK_PORT, ADDRLOCK_PORT } } };
	struct evidence e = { 0 };
	const struct leftover *left;
	char who[HOLDER_LINE + 32];

	evidence_all(&e, c->diag, &t, NULL, LOOK_CHEAP);
	left = lock_holder(&e);
	if (left == NULL)
		return false;
	evidence_holders(&e);
	claim_holder(left, who, sizeof(who));
	(void)claim_explain(c,
	    "port %u, which portlease needs, is taken%s by %s", ADDRLOCK_PORT,
	    left->blocks ? " on every address" : "", who);
	return true;
}
