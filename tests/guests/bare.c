/* SPDX-License-Identifier: ISC */
/*
 * Runs a command with an environment that is not merely clean but empty, as
 * some supervisors and set-id helpers do.
 *
 * bare /path/to/command [arg ...]
 */
#include <err.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	char *nothing[] = { NULL };

	if (argc < 2)
		errx(2, "usage: bare command [arg ...]");
	execve(argv[1], argv + 1, nothing);
	err(127, "%s", argv[1]);
}
