/* SPDX-License-Identifier: ISC */
/*
 * Makes every call of the exec family, with good arguments and bad ones, and
 * says what came of it: the result, errno, and what the new program, which is
 * this one again, was given.  See calls.h.
 *
 * execcalls port port
 */
#include "calls.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <spawn.h>

static char self[4096];
static char *const none[] = { NULL };

/* As the program that was started: arguments, and what is in MARK. */
static int
report(int argc, char **argv)
{
	const char *mark = getenv("MARK"), *home = getenv("HOME");

	printf(" [");
	for (int i = 0; i < argc; i++)
		printf("%s%s", i > 0 ? "," : "", argv[i]);
	printf("; %s; %s]", mark != NULL ? mark : "no mark",
	    home != NULL ? "home" : "no home");
	fflush(stdout);
	return 7;
}

typedef int caller(const char *path, char *const argv[], char *const envp[]);

static int
by_execve(const char *path, char *const argv[], char *const envp[])
{
	return execve(path, argv, envp);
}

static int
by_execv(const char *path, char *const argv[], char *const envp[])
{
	(void)envp;
	return execv(path, argv);
}

static int
by_execvp(const char *path, char *const argv[], char *const envp[])
{
	(void)envp;
	return execvp(path, argv);
}

static int
by_execvpe(const char *path, char *const argv[], char *const envp[])
{
	return execvpe(path, argv, envp);
}

static int
by_execl(const char *path, char *const argv[], char *const envp[])
{
	(void)envp;
	return execl(path, argv[0], argv[1], argv[2], (char *)NULL);
}

static int
by_execlp(const char *path, char *const argv[], char *const envp[])
{
	(void)envp;
	return execlp(path, argv[0], argv[1], argv[2], (char *)NULL);
}

static int
by_execle(const char *path, char *const argv[], char *const envp[])
{
	return execle(path, argv[0], argv[1], argv[2], (char *)NULL, envp);
}

static int
by_fexecve(const char *path, char *const argv[], char *const envp[])
{
	return fexecve(open(path, O_RDONLY | O_CLOEXEC), argv, envp);
}

static int
by_execveat(const char *path, char *const argv[], char *const envp[])
{
	return execveat(AT_FDCWD, path, argv, envp, 0);
}

static const struct {
	const char *name;
	caller *call;
} callers[] = {
	{ "execve", by_execve },
	{ "execv", by_execv },
	{ "execvp", by_execvp },
	{ "execvpe", by_execvpe },
	{ "execl", by_execl },
	{ "execlp", by_execlp },
	{ "execle", by_execle },
	{ "fexecve", by_fexecve },
	{ "execveat", by_execveat },
};

enum { CALLERS = sizeof(callers) / sizeof(*callers) };

static void
show_end(pid_t pid)
{
	int status = -1;

	(void)waitpid(pid, &status, 0);
	if (WIFEXITED(status))
		printf(" exited %d", WEXITSTATUS(status));
	else
		printf(" signal %d", WTERMSIG(status));
	calls_end();
}

static char *const marked[] = { (char[]){ "MARK=marked" }, NULL };
static char *const arguments[] = { (char[]){ "execcalls" },
	(char[]){ "report" }, (char[]){ "more" }, NULL };

static void
start(size_t how, const char *path, char *const argv[], char *const envp[],
    const char *what)
{
	pid_t pid;
	int rc;

	printf("%s %s:", callers[how].name, what);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		errno = SENTINEL;
		rc = callers[how].call(path, argv, envp);
		calls_result(rc);
		fflush(stdout);
		_exit(3);
	}
	show_end(pid);
}

/* The same by posix_spawn, which tells errors by its result. */
static void
spawn(bool search, const char *path, char *const argv[], char *const envp[],
    const char *what)
{
	pid_t pid = -99;
	int rc;

	printf("posix_spawn%s %s:", search ? "p" : "", what);
	fflush(stdout);
	errno = SENTINEL;
	rc = (search ? posix_spawnp : posix_spawn)(
	    &pid, path, NULL, NULL, argv, envp);
	calls_result(rc);
	if (rc == 0)
		show_end(pid);
	else
		printf(" pid %d\n", (int)pid);
}

/* A script with nothing to say who reads it: execvp(3) does it with sh. */
static void
scripts(void)
{
	FILE *f = fopen("bare", "w");

	if (f == NULL)
		err(1, "bare");
	(void)fprintf(f, "echo \" bare $MARK $*\"\n");
	(void)fclose(f);
	(void)chmod("bare", 0755);
	f = fopen("forbidden", "w");
	if (f == NULL)
		err(1, "forbidden");
	(void)fclose(f);
	(void)chmod("forbidden", 0644);
}

static const struct {
	const char *what;
	const char *path; /* NULL: this program */
} paths[] = {
	{ "itself", NULL },
	{ "nowhere", "/nowhere/at/all" },
	{ "nothing", "" },
	{ "a directory", "/" },
	{ "a name", "nobody-has-this-name" },
	{ "a bare script", "./bare" },
	{ "a forbidden file", "./forbidden" },
	{ "below a file", "./bare/file" },
};

int
main(int argc, char **argv)
{
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *path;

	if (argc == 3 && strcmp(argv[1], "report") == 0)
		return report(argc, argv);
	calls_begin(argc, argv);
	self[n > 0 ? n : 0] = '\0';
	scripts();
	(void)setenv("MARK", "inherited", 1);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		path = paths[i].path != NULL ? paths[i].path : self;
		for (size_t how = 0; how < CALLERS; how++) {
			start(how, path, arguments, marked, paths[i].what);
			start(how, path, arguments, none, "with nothing");
		}
		for (int search = 0; search < 2; search++) {
			spawn(search, path, arguments, marked, paths[i].what);
			spawn(search, path, arguments, none, "with nothing");
		}
	}
	for (enum bad b = 0; b < BADS; b++) {
		start(0, calls_bad(b, 8), arguments, marked, bad_names[b]);
		start(0, self, calls_bad(b, 8), marked, "bad arguments");
		start(0, self, arguments, calls_bad(b, 4), "bad environment");
	}
	start(8, self, arguments, marked, "again");
	printf("fexecve closed:");
	errno = SENTINEL;
	calls_result(fexecve(NO_FD, arguments, marked));
	errno = SENTINEL;
	calls_result(fexecve(-1, arguments, marked));
	errno = SENTINEL;
	calls_result(execveat(NO_FD, "x", arguments, marked, 0));
	errno = SENTINEL;
	calls_result(execveat(AT_FDCWD, self, arguments, marked, 0x100000));
	calls_end();
	return 0;
}
