/* SPDX-License-Identifier: ISC */
/*
 * Stops itself.  SIGTERM stays pending until somebody sends SIGCONT, so who
 * only asks politely waits for ever.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int
main(void)
{
	printf("ready pid %d\n", (int)getpid());
	fflush(stdout);
	raise(SIGSTOP);
	for (;;)
		pause();
}
