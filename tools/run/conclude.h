/* SPDX-License-Identifier: ISC */
/*
 * What a run came to: how the command ended, who straggled, what the proof
 * says, and what of it the caller is told.
 */
#ifndef CONCLUDE_H
#define CONCLUDE_H

#include "base/ipc.h"
#include "claim/pool.h"
#include "proof/proof.h"
#include "proof/stragglers.h"

struct outcome {
	char ip[16];
	struct ipc_exit end; /* of the command */
	bool commandless; /* acquired: its tenants are nobody's children */
	bool stuck; /* SIGKILL did not end everybody */
	int unready; /* exit status when it was not ready, else 0 */
	enum verdict verdict; /* set by conclude, */
	char reason[96]; /* and why */
	struct stragglers stragglers;
};

/* Did it leak: a straggler, or something held? */
bool conclude_leaked(const struct outcome *out, const struct evidence *e);

/*
 * No descendant is left, or none that can be ended.  End the tenants that
 * `portlease exec` brought, prove, keep --record, free the address unless
 * somebody holds it, report on stderr, and say how the front shall end.
 */
struct ipc_exit conclude(
    struct outcome *out, const struct options *o, struct claim *c);

#endif
