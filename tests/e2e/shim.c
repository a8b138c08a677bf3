/* SPDX-License-Identifier: ISC */
/*
 * Facts about the shim as a file: it is loaded into everything, so it needs
 * only libc and offers only the calls that it hooks.  Told by readelf(1) and
 * nm(1).
 */
#include "story.h"

#include <criterion/criterion.h>
#include <string.h>

STORIES(shim);

static const char *const hooked[] = { "accept", "accept4", "bind",
	"bindresvport", "__connect", "connect", "dlmopen", "dlopen", "dlsym",
	"dlvsym", "execl", "execle", "execlp", "execv", "execve", "execveat",
	"execvp", "execvpe", "fexecve", "getaddrinfo", "gethostbyname",
	"gethostbyname2", "gethostbyname2_r", "gethostbyname_r", "getpeername",
	"getsockname", "getsockopt", "_IO_popen", "listen", "pidfd_spawn",
	"pidfd_spawnp", "popen", "posix_spawn", "posix_spawnp", "recvfrom",
	"__recvfrom_chk", "recvmmsg", "recvmsg", "sendmmsg", "sendmsg",
	"sendto", "setsockopt", "system", "wordexp" };

enum { HOOKED = sizeof(hooked) / sizeof(*hooked) };

static bool
is_hooked(const char *name)
{
	size_t i;

	for (i = 0; i < HOOKED; i++)
		if (strcmp(name, hooked[i]) == 0)
			return true;
	return false;
}

Test(shim, needs_nothing_but_libc)
{
	struct run *r = RUN("readelf", "-d", SHIM);
	const char *needed;

	cr_assert_eq(r->status, 0, "%s", r->err);
	cr_expect_leq(story_count(r->out, "(NEEDED)"), 1, "%s", r->out);
	needed = strstr(r->out, "(NEEDED)");
	if (needed != NULL)
		cr_expect_not_null(strstr(needed, "[libc.so.6]"), "%s", needed);
	cr_expect_null(strstr(r->out, "TEXTREL"), "%s", r->out);
}

Test(shim, offers_exactly_what_it_hooks)
{
	struct run *r = RUN("nm", "-D", "-P", "--defined-only", SHIM);
	char *line, *rest = r->out;
	size_t seen = 0;

	cr_assert_eq(r->status, 0, "%s", r->err);
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		line[strcspn(line, " @")] = '\0';
		cr_expect(is_hooked(line), "%s is exported", line);
		seen += is_hooked(line) && strcmp(line, "bindresvport") != 0;
	}
	cr_expect_eq(seen, HOOKED - 1);
}

/*
 * What the shim may take from libc, as shim/libc.syms has it for the linker: no
 * heap, no stdio, no lock, no locale, and no system call.
 */
static const char *const allowed[] = { "__errno_location", "_dl_debug_addr",
	"_r_debug", "environ", "inet_pton",
	/* its own, if there is one: see attach.c */
	"portlease_untranslated" };

static bool
is_allowed(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(allowed) / sizeof(*allowed); i++)
		if (strcmp(name, allowed[i]) == 0)
			return true;
	return false;
}

Test(shim, calls_nothing_that_locks_or_allocates)
{
	struct run *r = RUN("nm", "-D", "-P", "--undefined-only", SHIM);
	char *line, *rest = r->out;
	size_t seen = 0;

	cr_assert_eq(r->status, 0, "%s", r->err);
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		cr_expect_null(strchr(line, '@'), "%s has a version", line);
		line[strcspn(line, " @")] = '\0';
		cr_expect(is_allowed(line), "%s is called", line);
		seen++;
	}
	cr_expect_gt(seen, 0);
}

/* A shim that asks for versioned names loads with glibc only. */
Test(shim, asks_libc_for_no_versions)
{
	struct run *r = RUN("readelf", "-V", SHIM);

	cr_assert_eq(r->status, 0, "%s", r->err);
	cr_expect_null(strstr(r->out, "GLIBC_"), "%s", r->out);
}
