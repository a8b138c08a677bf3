/* SPDX-License-Identifier: ISC */
#include "trap/decide.h"
#include "sock/sockname.h"
#include "sock/sockops.h"

#include <errno.h>

/* Is this a name that the lease does not move? */
static bool
unmoved(const struct caught_call *c)
{
	struct endpoint ep;
	const struct sockaddr *sa = (const struct sockaddr *)&c->name;

	if (c->call == CALL_LISTEN || c->name_error != 0)
		return false;
	if (c->call == CALL_BIND)
		return !sockops_binds(&ep, sa, c->len);
	return !sockname_read(&ep, sa, c->len);
}

/* The kernel would see our privilege, and not the program's. */
static bool
needs_privilege(const struct caught_call *c)
{
	struct endpoint ep;

	return c->call == CALL_BIND && c->unprivileged &&
	       sockops_binds(&ep, (const struct sockaddr *)&c->name, c->len) &&
	       ep.port != 0 && ep.port < c->reserved;
}

enum answer
decide_answer(const struct caught_call *c, int *error)
{
	*error = 0;
	if (c->gone)
		return ANSWER_NONE;
	/* The kernel refuses these, in the order of its own checks. */
	if (c->name_error == EFAULT || c->socket_error == EBADF)
		return ANSWER_PASS;
	if (unmoved(c))
		return ANSWER_PASS;
	/* A call that cannot be inspected would escape if it passed. */
	if (c->name_error != 0 || c->socket_error > 0) {
		*error = EPERM;
		return ANSWER_FAIL;
	}
	if (c->socket_error == SOCKET_NOT_FETCHED)
		return ANSWER_FETCH;
	if (c->protocol == 0)
		return ANSWER_PASS;
	if (needs_privilege(c)) {
		*error = EACCES;
		return ANSWER_FAIL;
	}
	return ANSWER_MAKE;
}

bool
decide_waits(enum call call, bool blocking, int error)
{
	return call == CALL_CONNECT && blocking &&
	       (error == EINPROGRESS || error == EALREADY);
}
