/* SPDX-License-Identifier: ISC */
/*
 * Listens on a port with an accept in flight in an io_uring: when the process
 * is gone, the ring still holds the listener until the kernel has cancelled.
 * Says "refused" where io_uring_setup(2) is.  With -c it closes its own
 * descriptor of the listener, which the ring then holds alone.
 *
 * ring [-c] port
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <err.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
listener(const char *port)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	any.sin_port = htons((in_port_t)strtoul(port, NULL, 10));
	if (fd == -1 || bind(fd, (struct sockaddr *)&any, sizeof(any)) == -1 ||
	    listen(fd, 1) == -1)
		err(1, "%s", port);
	return fd;
}

static void *
map(int ring, size_t size, off_t what)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_POPULATE, ring, what);

	if (p == MAP_FAILED)
		err(1, "mmap");
	return p;
}

static void
submit_accept(int ring, const struct io_uring_params *p, int fd)
{
	size_t size = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
	char *sq = map(ring, size, IORING_OFF_SQ_RING);
	struct io_uring_sqe *entry =
	    map(ring, p->sq_entries * sizeof(*entry), IORING_OFF_SQES);
	uint32_t *array = (uint32_t *)(void *)(sq + p->sq_off.array);
	_Atomic uint32_t *tail =
	    (_Atomic uint32_t *)(void *)(sq + p->sq_off.tail);

	entry->opcode = IORING_OP_ACCEPT;
	entry->fd = fd;
	array[0] = 0;
	atomic_store(tail, 1);
	if (syscall(SYS_io_uring_enter, ring, 1, 0, 0, NULL, 0) != 1)
		err(1, "io_uring_enter");
}

int
main(int argc, char **argv)
{
	struct io_uring_params params = { 0 };
	bool closes = argc > 1 && strcmp(argv[1], "-c") == 0;
	int ring, fd;

	argv += closes;
	if (argc - closes != 2)
		errx(2, "usage: ring [-c] port");
	ring = (int)syscall(SYS_io_uring_setup, 1, &params);
	if (ring == -1) {
		puts("refused");
		return 0;
	}
	fd = listener(argv[1]);
	submit_accept(ring, &params, fd);
	if (closes)
		(void)close(fd);
	printf("ready pid %d\n", (int)getpid());
	fflush(stdout);
	for (;;)
		pause();
}
