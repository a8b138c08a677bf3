/* SPDX-License-Identifier: ISC */
/*
 * Runs a command that hears no polite signal: ignored signals stay ignored
 * over exec, so only SIGKILL ends it.
 *
 * deaf command [arg ...]
 */
#include <err.h>
#include <signal.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	static const int polite[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	size_t i;

	if (argc < 2)
		errx(2, "usage: deaf command [arg ...]");
	for (i = 0; i < sizeof(polite) / sizeof(*polite); i++)
		signal(polite[i], SIG_IGN);
	execvp(argv[1], argv + 1);
	err(127, "%s", argv[1]);
}
