/* SPDX-License-Identifier: ISC */
/* The points, what can happen there, and the one that is armed. */
#include "base/fault.h"

#ifdef FAULTS

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the order in which a lease passes them. */
const struct fault_point fault_points[] = {
	{ "statedir.open", true },
	{ "front.start", true },
	{ "front.forked", false },
	{ "front.placed", true },
	{ "orphans.look", true },
	{ "orphans.found", true },
	{ "monitor.request", true },
	{ "monitor.watch", true },
	{ "claim.sock_diag", true },
	{ "claim.history", true },
	{ "claim.lock", true },
	{ "claim.locked", false },
	{ "claim.proven", false },
	{ "adopt.finisher", true },
	{ "record.create", true },
	{ "record.allocate", true },
	{ "record.map", true },
	{ "record.created", false },
	{ "record.publish", true },
	{ "record.published", false },
	{ "monitor.go", true },
	{ "stub.trap", true },
	{ "stub.go", true },
	{ "stub.environment", true },
	{ "acquire.given", false },
	{ "monitor.running", false },
	{ "monitor.poll", true },
	{ "front.attends", false },
	{ "monitor.gone", false },
	{ "tree.list", true },
	{ "teardown.members", true },
	{ "teardown.asked", false },
	{ "teardown.sockets", true },
	{ "teardown.proven", false },
	{ "conclude.told", false },
	{ "record.remove", true },
	{ "record.removed", false },
	{ "monitor.ended", true },
	{ "release.asked", false },
	{ "reap.locked", false },
};
const size_t fault_npoints = sizeof(fault_points) / sizeof(*fault_points);

const char *const fault_kinds[] = { "kill", "ENOSPC", "EMFILE", "ENOMEM", "EIO",
	"EINTR" };
const size_t fault_nkinds = sizeof(fault_kinds) / sizeof(*fault_kinds);

/* "kill" is none. */
static const int errors[] = { 0, ENOSPC, EMFILE, ENOMEM, EIO, EINTR };

/* The rest of text behind word and a colon; NULL when it is another word. */
static const char *
behind(const char *text, const char *word)
{
	size_t len = strlen(word);

	if (text == NULL || strncmp(text, word, len) != 0 || text[len] != ':')
		return NULL;
	return text + len + 1;
}

/* Who creates the file is the one. */
static bool
first(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd != -1)
		close(fd);
	return fd != -1;
}

int
fault(const char *point)
{
	const char *kind = behind(getenv("PORTLEASE_FAULT"), point), *path;
	int keep = errno;

	for (size_t i = 0; i < fault_nkinds; i++) {
		path = behind(kind, fault_kinds[i]);
		if (path == NULL || !first(path))
			continue;
		if (errors[i] == 0)
			(void)kill(getpid(), SIGKILL);
		errno = errors[i];
		return -1;
	}
	errno = keep;
	return 0;
}

void
fault_environment(char *env[static 2])
{
	static char text[512] = "PORTLEASE_FAULT=";
	const char *armed = getenv("PORTLEASE_FAULT");

	env[0] = env[1] = NULL;
	if (armed == NULL || strlcat(text, armed, sizeof(text)) >= sizeof(text))
		return;
	env[0] = text;
}

#else

/* ISO C wants a translation unit to declare something. */
extern const char fault_none;

#endif
