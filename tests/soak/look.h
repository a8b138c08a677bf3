/* SPDX-License-Identifier: ISC */
/* The observer's own looks at the kernel, which share no code with the tools.
 */
#ifndef LOOK_H
#define LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FIRST = 10000, /* the ports that tell leases from each other */
	LAST = 27999,
	BLOCK = 4, /* ports of one lease */
	BLOCKS = (LAST - FIRST + 1) / BLOCK,
	MANY = 8192
};

struct seen {
	uint32_t address; /* host order */
	uint16_t port;
	uint32_t inode;
	uint64_t cookie;
};

extern struct sockets {
	struct seen list[MANY];
	size_t n;
} sockets_now;

void sockets_open(void);
/* Fill sockets_now: listeners, by address and port; or all, TCP and UDP. */
void sockets_listening(void);
void sockets_all(void);

/*
 * The lease that has an address, as the tools and the driver tell it: lines of
 * --status-fd, of release -v, of reap, and the driver's own.
 */
struct heard {
	void (*round)(unsigned int block); /* starts */
	void (*orphaned)(unsigned int block); /* its monitor is killed */
	void (*leased)(uint32_t address, unsigned int port);
	void (*freed)(uint32_t address, bool clean, bool reaped);
};

/* Read the lines that are there; never blocks. */
void words_read(int fd, const struct heard *heard);

/*
 * Count the processes, other than the tools, that map for writing a file of the
 * directory that has been removed: a record of a lease that is over.
 */
unsigned int mappings_removed(const char *directory);

#endif
