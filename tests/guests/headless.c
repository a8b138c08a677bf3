/* SPDX-License-Identifier: ISC */
/*
 * Its main thread has exited while another one listens: a zombie to ps(1),
 * with a port that is taken.
 *
 * headless port
 */
#include <sys/socket.h>
#include <sys/syscall.h>

#include <err.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pid_t leader;

/* The leader's state, as the letter in /proc/PID/stat. */
static char
state(void)
{
	char path[32];
	FILE *f;
	char c = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)leader);
	f = fopen(path, "r");
	if (f == NULL || fscanf(f, "%*d (%*[^)]) %c", &c) != 1)
		err(1, "%s", path);
	fclose(f);
	return c;
}

static void *
stay(void *arg)
{
	(void)arg;
	while (state() != 'Z')
		sched_yield();
	printf("ready pid %d\n", (int)leader);
	fflush(stdout);
	for (;;)
		pause();
	return NULL;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	pthread_t thread;

	if (argc != 2)
		errx(2, "usage: headless port");
	any.sin_port = htons((in_port_t)strtoul(argv[1], NULL, 10));
	if (fd == -1 || bind(fd, (struct sockaddr *)&any, sizeof(any)) == -1 ||
	    listen(fd, 1) == -1)
		err(1, "%s", argv[1]);
	leader = getpid();
	if (pthread_create(&thread, NULL, stay, NULL) != 0)
		errx(1, "pthread_create");
	syscall(SYS_exit, 0); /* this thread alone */
}
