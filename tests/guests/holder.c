/* SPDX-License-Identifier: ISC */
/*
 * Locks a file as fcntl(2) does, and becomes a command, which has the lock.
 *
 * holder file command [argument ...]
 */
#include <err.h>
#include <fcntl.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	struct flock lock = { .l_type = F_WRLCK };
	int fd;

	if (argc < 3)
		errx(2, "usage: holder file command [argument ...]");
	fd = open(argv[1], O_RDWR | O_CREAT, 0600);
	if (fd == -1 || fcntl(fd, F_SETLK, &lock) == -1)
		err(1, "%s", argv[1]);
	(void)execvp(argv[2], argv + 2);
	err(1, "%s", argv[2]);
}
