/* SPDX-License-Identifier: ISC */
/*
 * The bytes of names, and nothing about what they mean.
 */
#include "sockname.h"

#include <limits.h>
#include <string.h>

/* What lies in the first page or above user space makes the kernel fail. */
static bool
plausible(const void *p)
{
	return (intptr_t)p >= 4096;
}

bool
sockname_readable(const struct sockaddr *sa, socklen_t len)
{
	return plausible(sa) && len <= sizeof(struct sockaddr_storage);
}

bool
sockname_read(struct endpoint *ep, const struct sockaddr *sa, socklen_t len)
{
	return sockname_readable(sa, len) && endpoint_read(ep, sa, len);
}

bool
sockname_wanted(const struct sockaddr *sa, const socklen_t *len)
{
	return plausible(sa) && plausible(len) && *len <= INT_MAX;
}

bool
sockname_named(const struct msghdr *msg)
{
	return plausible(msg) && msg->msg_name != NULL;
}

bool
sockname_got(const struct sockname *name, struct endpoint *ep)
{
	return endpoint_read(ep, (const struct sockaddr *)&name->ss, name->len);
}

void
sockname_put(struct sockname *name, const struct endpoint *ep)
{
	struct sockaddr_in6 in6;

	name->len = sizeof(name->ss);
	endpoint_write(ep, &in6, &name->len);
	memcpy(&name->ss, &in6, name->len);
}

void
sockname_show(const struct sockname *name, struct sockaddr *sa, socklen_t *len)
{
	socklen_t room = *len;

	if (name->len > 0)
		memcpy(sa, &name->ss, room < name->len ? room : name->len);
	*len = name->len;
}
