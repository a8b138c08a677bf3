/* SPDX-License-Identifier: ISC */
/* Maps a file of a page or more for writing, says so by a line, and stays. */
#include <sys/mman.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDWR) : -1;

	if (fd == -1)
		errx(2, "usage: mapper FILE");
	if (mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) ==
	    MAP_FAILED)
		err(1, "mmap");
	(void)close(fd);
	puts("mapped");
	(void)fflush(stdout);
	for (;;)
		pause();
}
