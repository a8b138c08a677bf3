/* SPDX-License-Identifier: ISC */
#include "sock/sockname.h"

#include "sock/uaccess.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

bool
sockname_readable(const struct sockaddr *sa, socklen_t len)
{
	return len <= sizeof(struct sockaddr_storage) &&
	       uaccess_readable(sa, len);
}

bool
sockname_read(struct endpoint *ep, const struct sockaddr *sa, socklen_t len)
{
	return sockname_readable(sa, len) && endpoint_read(ep, sa, len);
}

bool
sockname_read_unspec(
    struct endpoint *ep, const struct sockaddr *sa, socklen_t len)
{
	struct sockaddr_in in;

	if (!sockname_readable(sa, len) || len < sizeof(in))
		return false;
	memcpy(&in, sa, sizeof(in));
	*ep =
	    endpoint_of(AF_INET, ntohl(in.sin_addr.s_addr), ntohs(in.sin_port));
	return in.sin_family == AF_UNSPEC;
}

int
sockname_room(const socklen_t *len)
{
	if (!uaccess_readable(len, sizeof(*len)) || *len > INT_MAX)
		return -1;
	return (int)*len;
}

bool
sockname_named(const struct msghdr *msg)
{
	return uaccess_readable(msg, sizeof(*msg)) && msg->msg_name != NULL;
}

/* Bytes up to the end of the address. */
enum {
	WHOLE4 = offsetof(struct sockaddr_in, sin_zero),
	WHOLE6 = offsetof(struct sockaddr_in6, sin6_scope_id)
};

bool
sockname_cuts(socklen_t room)
{
	/* Of a mapped address, and of ::1, the first eight bytes are 0. */
	return (room > offsetof(struct sockaddr_in, sin_addr) &&
		   room < WHOLE4) ||
	       (room > WHOLE6 - 8 && room < WHOLE6);
}

bool
sockname_written(struct endpoint *ep, const struct sockaddr *sa, socklen_t len,
    socklen_t room)
{
	struct sockaddr_in6 in6 = { 0 };
	socklen_t n = len < room ? len : room;

	memcpy(&in6, sa, n < sizeof(in6) ? n : sizeof(in6));
	return n >= (in6.sin6_family == AF_INET6 ? WHOLE6 : WHOLE4) &&
	       endpoint_read(ep, (struct sockaddr *)&in6, len);
}

socklen_t
sockname_fill(
    struct sockaddr_in6 *in6, const struct endpoint *ep, socklen_t len)
{
	memset(in6, 0, sizeof(*in6));
	(void)endpoint_write(ep, in6, sizeof(*in6));
	return len < sizeof(*in6) ? len : sizeof(*in6);
}
