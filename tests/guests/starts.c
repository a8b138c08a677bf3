/* SPDX-License-Identifier: ISC */
/*
 * Starts a child in every way, with every environment, through every shell,
 * and says of each whether the child reaches the port that this process
 * listens on.
 *
 * starts port, or starts reach port
 */
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <err.h>
#include <limits.h>
#include <poll.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wordexp.h>

/* Of glibc 2.39, or of lib/newer.c. */
typedef int pidfd_spawner(int *restrict pidfd, const char *restrict path,
    const posix_spawn_file_actions_t *restrict actions,
    const posix_spawnattr_t *restrict attr, char *const argv[restrict],
    char *const envp[restrict]);
pidfd_spawner pidfd_spawn, pidfd_spawnp;

static char self[PATH_MAX];
static char *port;

/* --- the child ------------------------------------------------------------ */

static int
reach(const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons((in_port_t)strtoul(text, NULL, 10)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0 ? 0 : 1;
}

/* --- programs ------------------------------------------------------------- */

/* A command and its words. */
struct program {
	const char *name;
	const char *words[6]; /* "SELF" and "LINE" are filled in */
};

static const struct program programs[] = {
	{ "itself", { "SELF", "reach", "PORT" } },
	{ "sh", { "/bin/sh", "-c", "LINE" } },
	{ "bash", { "/bin/bash", "-c", "LINE" } },
	{ "busybox", { "/bin/busybox", "sh", "-c", "LINE" } },
	{ "env", { "/usr/bin/env", "-i", "SELF", "reach", "PORT" } },
};

static char line[PATH_MAX + 32];

static char *
fill(const char *word)
{
	if (strcmp(word, "SELF") == 0)
		return self;
	if (strcmp(word, "LINE") == 0)
		return line;
	if (strcmp(word, "PORT") == 0)
		return port;
	return strdup(word);
}

static void
words_of(const struct program *p, char *argv[7])
{
	size_t n = 0;

	for (; n < 6 && p->words[n] != NULL; n++)
		argv[n] = fill(p->words[n]);
	argv[n] = NULL;
}

/* --- starters: 0 when the child has reached the port ------------------------
 */

typedef int starter(char *const argv[]);

static int
ended(pid_t pid)
{
	int status = -1;

	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 1;
}

/* For those that take a line for the shell. */
static const char *
as_line(char *const argv[])
{
	static char text[4 * PATH_MAX];

	text[0] = '\0';
	for (; *argv != NULL; argv++) {
		(void)strcat(text, "'");
		(void)strcat(text, *argv);
		(void)strcat(text, "' ");
	}
	return text;
}

static int
by_system(char *const argv[])
{
	return system(as_line(argv)) == 0 ? 0 : 1;
}

static int
by_popen(char *const argv[])
{
	FILE *f = popen(as_line(argv), "r");

	return f != NULL && pclose(f) == 0 ? 0 : 1;
}

static int
by_wordexp(char *const argv[])
{
	static char text[5 * PATH_MAX];
	wordexp_t result;

	(void)snprintf(
	    text, sizeof(text), "$(%s && echo reached)", as_line(argv));
	return wordexp(text, &result, 0) == 0 && result.we_wordc == 1 &&
		       strcmp(result.we_wordv[0], "reached") == 0
		   ? 0
		   : 1;
}

#define BY(name, call)                                                         \
	static int name(char *const argv[])                                    \
	{                                                                      \
		pid_t pid = fork();                                            \
                                                                               \
		if (pid == 0) {                                                \
			(void)(call);                                          \
			_exit(127);                                            \
		}                                                              \
		return ended(pid);                                             \
	}

BY(by_execv, execv(argv[0], argv))
BY(by_execvp, execvp(argv[0], argv))
BY(by_execve, execve(argv[0], argv, environ))
BY(by_execvpe, execvpe(argv[0], argv, environ))
BY(by_execl, execl("/bin/sh", "sh", "-c", as_line(argv), (char *)NULL))

static int
by_vfork(char *const argv[])
{
	pid_t pid = vfork();

	if (pid == 0) {
		(void)execv(argv[0], argv);
		_exit(127);
	}
	return ended(pid);
}

static int
by_vfork_execve(char *const argv[])
{
	pid_t pid = vfork();

	if (pid == 0) {
		(void)execve(argv[0], argv, environ);
		_exit(127);
	}
	return ended(pid);
}

static int
by_posix_spawn(char *const argv[])
{
	pid_t pid;

	return posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) == 0
		   ? ended(pid)
		   : 1;
}

static int
by_posix_spawnp(char *const argv[])
{
	pid_t pid;

	return posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) == 0
		   ? ended(pid)
		   : 1;
}

static int
pidfd_ended(int pidfd)
{
	siginfo_t info;

	return waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) == 0 &&
		       info.si_code == CLD_EXITED && info.si_status == 0
		   ? 0
		   : 1;
}

static int
by_pidfd_spawn(char *const argv[])
{
	int pidfd;

	return pidfd_spawn(&pidfd, argv[0], NULL, NULL, argv, environ) == 0
		   ? pidfd_ended(pidfd)
		   : 1;
}

static int
by_pidfd_spawnp(char *const argv[])
{
	int pidfd;

	return pidfd_spawnp(&pidfd, argv[0], NULL, NULL, argv, environ) == 0
		   ? pidfd_ended(pidfd)
		   : 1;
}

static const struct {
	const char *name;
	starter *start;
} starters[] = {
	{ "system", by_system },
	{ "popen", by_popen },
	{ "wordexp", by_wordexp },
	{ "execv", by_execv },
	{ "execvp", by_execvp },
	{ "execve", by_execve },
	{ "execvpe", by_execvpe },
	{ "execl", by_execl },
	{ "vfork, execv", by_vfork },
	{ "vfork, execve", by_vfork_execve },
	{ "posix_spawn", by_posix_spawn },
	{ "posix_spawnp", by_posix_spawnp },
	{ "pidfd_spawn", by_pidfd_spawn },
	{ "pidfd_spawnp", by_pidfd_spawnp },
};

/* --- environments --------------------------------------------------------- */

static void
as_it_is(void)
{
}

static void
cleared(void)
{
	(void)clearenv();
}

static void
emptied(void)
{
	static char *none[] = { NULL };

	environ = none;
}

static void
swapped(void)
{
	static char mark[] = "MARK=1", path[] = "PATH=/usr/bin:/bin";
	static char *other[] = { mark, path, NULL };

	environ = other;
}

static void
without_preload(void)
{
	(void)unsetenv("LD_PRELOAD");
}

static void
other_preload(void)
{
	char *at = strrchr(self, '/'), path[PATH_MAX + 32];

	(void)snprintf(
	    path, sizeof(path), "%.*s/lib/libreach.so", (int)(at - self), self);
	(void)setenv("LD_PRELOAD", path, 1);
}

static const struct {
	const char *name;
	void (*make)(void);
} environments[] = {
	{ "as it is", as_it_is },
	{ "cleared", cleared },
	{ "emptied", emptied },
	{ "swapped", swapped },
	{ "without LD_PRELOAD", without_preload },
	{ "another LD_PRELOAD", other_preload },
};

/* --- the table ------------------------------------------------------------ */

#define N(table) (sizeof(table) / sizeof(*(table)))

static int
variables(void)
{
	int n = 0;

	for (char **e = environ; e != NULL && *e != NULL; e++)
		n++;
	return n;
}

static void
row(size_t s, size_t e, size_t p)
{
	char *argv[7];
	const char *result;
	int before;

	words_of(&programs[p], argv);
	environments[e].make();
	before = variables();
	if (access(argv[0], X_OK) == -1)
		result = "not there";
	else
		result = starters[s].start(argv) == 0 ? "reached" : "LOST";
	printf("%s; %s; %s: %s%s\n", starters[s].name, environments[e].name,
	    programs[p].name, result,
	    variables() == before ? "" : ", environment changed");
}

static void
in_child(size_t s, size_t e, size_t p)
{
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		row(s, e, p);
		exit(0);
	}
	(void)ended(pid);
}

static void
serve(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons((in_port_t)strtoul(port, NULL, 10)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&in, sizeof(in)) == -1 ||
	    listen(fd, 1024) == -1)
		err(1, "port %s", port);
}

int
main(int argc, char **argv)
{
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (argc == 3 && strcmp(argv[1], "reach") == 0)
		return reach(argv[2]);
	if (argc != 2 || n <= 0)
		errx(2, "usage: starts port");
	port = argv[1];
	(void)snprintf(line, sizeof(line), "%s reach %s", self, port);
	serve();
	for (size_t s = 0; s < N(starters); s++)
		for (size_t e = 0; e < N(environments); e++)
			for (size_t p = 0; p < N(programs); p++)
				in_child(s, e, p);
	return 0;
}
