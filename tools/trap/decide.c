/* SPDX-License-Identifier: ISC */
/* The first rule that holds is the answer. */
#include "trap/decide.h"
#include "sock/sockname.h"
#include "sock/sockops.h"

#include <errno.h>

static bool
gone(const struct decide *t)
{
	return t->gone;
}

/* The kernel refuses it in the order of its own checks. */
static bool
senseless(const struct decide *t)
{
	return t->name_error == EFAULT || t->socket_error == EBADF;
}

static bool
nameless(const struct decide *t)
{
	struct endpoint ep;
	const struct sockaddr *sa = (const struct sockaddr *)&t->name;

	if (t->call == DECIDE_LISTEN || t->name_error != 0)
		return false;
	if (t->call == DECIDE_BIND)
		return !sockops_binds(&ep, sa, t->len);
	return !sockname_read(&ep, sa, t->len);
}

/* To let a call pass that cannot be looked at would let it escape. */
static bool
hidden(const struct decide *t)
{
	return t->name_error != 0 || t->socket_error > 0;
}

static bool
unasked(const struct decide *t)
{
	return t->socket_error == DECIDE_UNASKED;
}

static bool
foreign(const struct decide *t)
{
	return t->protocol == 0;
}

/* Ours would be the privilege that the kernel sees. */
static bool
forbidden(const struct decide *t)
{
	struct endpoint ep;

	return t->call == DECIDE_BIND && t->lesser &&
	       sockops_binds(&ep, (const struct sockaddr *)&t->name, t->len) &&
	       ep.port != 0 && ep.port < t->reserved;
}

static bool
always(const struct decide *t)
{
	(void)t;
	return true;
}

static const struct rule {
	bool (*holds)(const struct decide *);
	enum answer answer;
	int error;
} rules[] = {
	{ gone, ANSWER_NONE, 0 },
	{ senseless, ANSWER_PASS, 0 },
	{ nameless, ANSWER_PASS, 0 },
	{ hidden, ANSWER_FAIL, EPERM },
	{ unasked, ANSWER_LOOK, 0 },
	{ foreign, ANSWER_PASS, 0 },
	{ forbidden, ANSWER_FAIL, EACCES },
	{ always, ANSWER_MOVE, 0 },
};

enum answer
decide_answer(const struct decide *t, int *error)
{
	const struct rule *rule = rules;

	while (!rule->holds(t))
		rule++;
	*error = rule->error;
	return rule->answer;
}

bool
decide_waits(enum decide_call call, bool blocking, int error)
{
	return call == DECIDE_CONNECT && blocking &&
	       (error == EINPROGRESS || error == EALREADY);
}
