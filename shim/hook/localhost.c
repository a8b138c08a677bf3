/* SPDX-License-Identifier: ISC */
/*
 * In a lease, names that end in .localhost resolve as localhost does (RFC 6761,
 * section 6.3).  Without that, libc asks the servers of the DNS for them.
 */
#include "hook/attach.h"
#include "hook/real.h"

#include <netdb.h>
#include <string.h>

enum { NAME = 253, LABEL = 63 }; /* bytes, at most (RFC 1035) */

/* Is this label "localhost", in letters of either case? */
static bool
is_localhost(const char *label, size_t len)
{
	static const char letters[] = "localhost";

	if (len != sizeof(letters) - 1)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((label[i] | 0x20) != letters[i])
			return false;
	return true;
}

/* Is it a name of two labels or more, the last of them localhost? */
static bool
is_below_localhost(const char *name)
{
	const char *label = name;
	size_t len = strcspn(label, ".");

	while (len > 0 && len <= LABEL && label[len] == '.' &&
	       label[len + 1] != '\0') {
		label += len + 1;
		len = strcspn(label, ".");
	}
	return label != name && is_localhost(label, len) &&
	       label + len - name <= NAME;
}

static const char *
name_in_lease(const char *name)
{
	if (name == NULL || lease_ctx() == NULL || !is_below_localhost(name))
		return name;
	return "localhost";
}

EXPORT int
getaddrinfo(const char *restrict name, const char *restrict service,
    const struct addrinfo *restrict hints, struct addrinfo **restrict result)
{
	return real()->getaddrinfo(name_in_lease(name), service, hints, result);
}

EXPORT struct hostent *
gethostbyname(const char *name)
{
	return real()->gethostbyname(name_in_lease(name));
}

EXPORT struct hostent *
gethostbyname2(const char *name, int family)
{
	return real()->gethostbyname2(name_in_lease(name), family);
}

EXPORT int
gethostbyname_r(const char *restrict name, struct hostent *restrict host,
    char *restrict buf, size_t size, struct hostent **restrict result,
    int *restrict error)
{
	return real()->gethostbyname_r(
	    name_in_lease(name), host, buf, size, result, error);
}

EXPORT int
gethostbyname2_r(const char *restrict name, int family,
    struct hostent *restrict host, char *restrict buf, size_t size,
    struct hostent **restrict result, int *restrict error)
{
	return real()->gethostbyname2_r(
	    name_in_lease(name), family, host, buf, size, result, error);
}
