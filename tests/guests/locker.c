/* SPDX-License-Identifier: ISC */
/*
 * locker FIRST LENGTH
 * Locks these bytes of the record of its lease, 0 to the end, and stays.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
	const char *path = getenv("PORTLEASE_RECORD");
	struct flock want = { .l_type = F_WRLCK };
	int fd = path != NULL ? open(path, O_RDWR) : -1;

	if (argc != 3 || fd == -1)
		return 2;
	want.l_start = strtoll(argv[1], NULL, 10);
	want.l_len = strtoll(argv[2], NULL, 10);
	if (fcntl(fd, F_SETLK, &want) == -1)
		return 1;
	printf("ready pid %d\n", (int)getpid());
	fflush(stdout);
	for (;;)
		pause();
}
