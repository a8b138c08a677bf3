/* SPDX-License-Identifier: ISC */
/*
 * The functions of string.h that the shim uses, hidden in it: libc's may be
 * hidden in turn by a sanitizer, which is not ready for calls as early as
 * ours.  The compiler calls memcpy, memset, memcmp and bcmp on its own account.
 */
#include <string.h>
#include <strings.h>

#define HIDDEN __attribute__((visibility("hidden")))

HIDDEN void *
memcpy(void *restrict to, const void *restrict from, size_t n)
{
	char *t = to;
	const char *f = from;

	for (; n >= sizeof(long); n -= sizeof(long)) {
		__builtin_memcpy(t, f, sizeof(long)); /* one instruction */
		t += sizeof(long);
		f += sizeof(long);
	}
	while (n-- > 0)
		*t++ = *f++;
	return to;
}

HIDDEN void *
memset(void *to, int c, size_t n)
{
	char *t = to;

	while (n-- > 0)
		*t++ = (char)c;
	return to;
}

HIDDEN int
memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;

	for (; n > 0; p++, q++, n--)
		if (*p != *q)
			return *p - *q;
	return 0;
}

HIDDEN int
bcmp(const void *a, const void *b, size_t n)
{
	return memcmp(a, b, n);
}

HIDDEN size_t
strlen(const char *s)
{
	size_t n = 0;

	while (s[n] != '\0')
		n++;
	return n;
}

HIDDEN int
strncmp(const char *a, const char *b, size_t n)
{
	for (; n > 0; a++, b++, n--)
		if (*a != *b || *a == '\0')
			return (unsigned char)*a - (unsigned char)*b;
	return 0;
}

HIDDEN int
strcmp(const char *a, const char *b)
{
	return strncmp(a, b, (size_t)-1);
}

/* POSIX wants a pointer to const turned into one that is not. */
static char *
writable(const char *s)
{
	union {
		const char *in;
		char *out;
	} u = { s };

	return u.out;
}

HIDDEN char *
strchr(const char *s, int c)
{
	while (*s != (char)c)
		if (*s++ == '\0')
			return NULL;
	return writable(s);
}

HIDDEN char *
strrchr(const char *s, int c)
{
	const char *found = NULL;

	do
		if (*s == (char)c)
			found = s;
	while (*s++ != '\0');
	return writable(found);
}

HIDDEN size_t
strspn(const char *s, const char *set)
{
	size_t n = 0;

	while (s[n] != '\0' && strchr(set, s[n]) != NULL)
		n++;
	return n;
}

HIDDEN size_t
strcspn(const char *s, const char *set)
{
	size_t n = 0;

	while (s[n] != '\0' && strchr(set, s[n]) == NULL)
		n++;
	return n;
}
