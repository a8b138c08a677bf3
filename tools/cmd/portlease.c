/* SPDX-License-Identifier: ISC */
/* The table of commands. */
#include "base/ipc.h"
#include "base/printable.h"
#include "base/sigbus.h"
#include "cmd/getopts.h"
#include "run/monitor.h"

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

static const struct command *const commands[] = { &cmd_run, &cmd_exec,
	&cmd_acquire, &cmd_release, &cmd_reap, &cmd_ps, &cmd_show, &cmd_ip,
	&cmd_wait };

enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static void
print_help(FILE *out)
{
	fprintf(out,
	    "usage: portlease command [options] ...\n\n"
	    "Every test gets its own loopback, and nothing leaks out of "
	    "it.\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(
		    out, "  %-50s %s\n", commands[i]->usage, commands[i]->help);
	fprintf(out,
	    "\nportlease COMMAND --help lists its options; portlease "
	    "--version names the version; portlease(1) tells the rest.\n");
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

int
main(int argc, char *argv[])
{
	static char name[] = "portlease";

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
	    strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("portlease " VERSION);
		return 0;
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(argv[1], commands[i]->name) == 0)
			return run(commands[i], argv + 1);
	errx(EXIT_PORTLEASE, "'%s' is no command; see portlease --help",
	    printable_copy(argv[1]));
}
