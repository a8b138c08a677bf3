/* SPDX-License-Identifier: ISC */
/*
 * The bytes of names, and nothing about what they mean.
 */
#include "sockname.h"

#include "memory.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

bool
sockname_readable(const struct sockaddr *sa, socklen_t len)
{
	return len <= sizeof(struct sockaddr_storage) &&
	       memory_readable(sa, len);
}

bool
sockname_read(struct endpoint *ep, const struct sockaddr *sa, socklen_t len)
{
	return sockname_readable(sa, len) && endpoint_read(ep, sa, len);
}

int
sockname_room(const socklen_t *len)
{
	if (!memory_readable(len, sizeof(*len)) || *len > INT_MAX)
		return -1;
	return (int)*len;
}

bool
sockname_named(const struct msghdr *msg)
{
	return memory_readable(msg, sizeof(*msg)) && msg->msg_name != NULL;
}

bool
sockname_cuts(socklen_t room)
{
	const socklen_t head = offsetof(struct sockaddr_in, sin_addr);

	/* Of a mapped address, and of ::1, the first eight bytes are 0. */
	return room > head && room != sizeof(struct sockaddr_in) &&
	       room < sizeof(struct sockaddr_in6);
}

void
sockname_put(const struct endpoint *ep, struct sockaddr *sa, socklen_t room)
{
	endpoint_write(ep, sa, &room);
}

socklen_t
sockname_fill(
    struct sockaddr_in6 *in6, const struct endpoint *ep, socklen_t len)
{
	socklen_t full = sizeof(*in6);

	memset(in6, 0, sizeof(*in6));
	endpoint_write(ep, in6, &full);
	return len < sizeof(*in6) ? len : sizeof(*in6);
}
