/* SPDX-License-Identifier: ISC */
/* The program: what comes before a command. */
#include "base/ipc.h"
#include "base/printable.h"
#include "base/sigbus.h"
#include "base/suggest.h"
#include "cmd/complete.h"
#include "cmd/getopts.h"
#include "run/monitor.h"
#include "sock/exe.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * In a lease inside a lease the tools run under a shim.  This symbol tells it
 * to let their calls pass untranslated.
 */
extern const char portlease_untranslated;
const char portlease_untranslated = 1;

/* Linked statically no shim can be in them, and none has to: exe.c. */
static const struct exe_note note
    __attribute__((section(EXE_NOTE_SECTION), aligned(4), used)) = EXE_NOTE;

static void
print_help(void)
{
	puts(
	    "usage: portlease command [options] ...\n\n"
	    "Every test gets its own loopback, and nothing leaks out of it.\n");
	for (size_t i = 0; i < commands_n; i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->help);
	puts("\nexamples:\n"
	     "  portlease run -- npm test\n"
	     "  portlease run --name auto -- npm run dev\n"
	     "  portlease exec -- curl localhost:9926\n\n"
	     "exit status: that of the command; 123 a leak, 124 not ready, 125 "
	     "an\n"
	     "error of portlease, 126 not executable, 127 not found\n\n"
	     "'portlease help COMMAND' lists options, 'portlease --version' "
	     "names\n"
	     "the version; see portlease(1).");
}

/*
 * A standard descriptor that the caller has closed must not become one of our
 * own.  It is opened the wrong way round, so that its use still fails, and
 * closed again to the command.
 */
static void
open_standard(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1)
			(void)open("/dev/null",
			    (fd == 0 ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
}

/* Output that is lost is a failure. */
static void
finish_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return;
	warn("standard output");
	_exit(EXIT_PORTLEASE);
}

static int
run(const struct command *command, char *argv[])
{
	struct options o;

	if (command->prepare != NULL)
		command->prepare();
	options_default(&o);
	argv = getopts(&o, command, argv);
	return command->run(&o, argv);
}

/* Options come behind the command, and a command may be mistyped. */
static _Noreturn void
refuse(const char *name, const char *next)
{
	const char *names[COMMANDS_MAX], *near;

	if (*name == '-' && next != NULL && commands_find(next) != NULL)
		errx(EXIT_PORTLEASE,
		    "'%s' goes behind the command: portlease %s %s ...",
		    printable_copy(name), next, printable_copy(name));
	for (size_t i = 0; i < commands_n; i++)
		names[i] = commands[i]->name;
	near = suggest(name, names, commands_n);
	if (near != NULL)
		errx(EXIT_PORTLEASE, "'%s' is no command: is %s meant?",
		    printable_copy(name), near);
	errx(EXIT_PORTLEASE, "'%s' is no command; see portlease --help",
	    printable_copy(name));
}

/* help, help COMMAND */
static int
help(char *name)
{
	char *argv[] = { name, (char[]){ "--help" }, NULL };
	const struct command *command;

	if (name == NULL) {
		print_help();
		return 0;
	}
	command = commands_find(name);
	if (command != NULL)
		return run(command, argv);
	refuse(name, NULL);
}

int
main(int argc, char *argv[])
{
	static char name[] = "portlease";
	const struct command *command;

	program_invocation_name = program_invocation_short_name = name;
	(void)setvbuf(stderr, NULL, _IOLBF, BUFSIZ); /* a write(2) a line */
	sigbus_install();
	open_standard();
	(void)atexit(finish_output);
	if (argc > 1 && strcmp(argv[1], IPC_MONITOR) == 0) {
		setproctitle_init(argc, argv, environ);
		return monitor_main();
	}
	if (argc < 2)
		errx(EXIT_PORTLEASE, "no command given; see portlease --help");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0)
		return help(argv[2]);
	if (strcmp(argv[1], "--version") == 0) {
		puts("portlease " VERSION);
		return 0;
	}
	if (strcmp(argv[1], "complete") == 0)
		return complete(argv + 2);
	command = commands_find(argv[1]);
	if (command != NULL)
		return run(command, argv + 1);
	refuse(argv[1], argv[2]);
}
