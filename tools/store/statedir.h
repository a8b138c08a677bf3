/* SPDX-License-Identifier: ISC */
/*
 * The state directory: where records live.  It is memory, not the lock;
 * losing it loses explanations, never exclusivity.  A directory is only used
 * when it is a real one (no symbolic link), ours, and closed to others.
 */
#ifndef STATEDIR_H
#define STATEDIR_H

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct statedir {
	int fd; /* O_CLOEXEC */
	char path[PATH_MAX - 128];
};

/*
 * Open, creating it when needed, the directory for new records:
 * $PORTLEASE_DIR, else the first usable of $XDG_RUNTIME_DIR/portlease,
 * /dev/shm/portlease-UID, /tmp/portlease-UID.  0; -1 with errno, and
 * dir->path naming the last one tried.
 */
int statedir_open(struct statedir *dir);

/*
 * Call each for every usable directory that exists, none created.  Ends
 * early with the first result other than 0, and returns it.
 */
int statedir_each(int (*each)(const struct statedir *, void *), void *arg);

/*
 * Call each for the names in the directory that filter takes, in their order.
 * Ends early with the first result other than 0, and returns it.
 */
int statedir_scan(const struct statedir *dir,
    int (*filter)(const struct dirent *),
    int (*each)(const struct statedir *, const char *name, void *), void *arg);

/* The name of the record of an address: "127.80.3.1-4026531840". */
void statedir_name(uint32_t ip, uint64_t netns, char name[static 48]);

/* The address and namespace of such a name; false for any other name. */
bool statedir_parse(const char *name, uint32_t *ip, uint64_t *netns);

#endif
