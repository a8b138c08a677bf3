/* SPDX-License-Identifier: ISC */
/*
 * What somebody outside a lease sees, told by others than portlease: ss(8)
 * and /proc.
 */
#ifndef WITNESS_H
#define WITNESS_H

#include <sys/types.h>

#include <stdbool.h>

/* From /proc/PID/stat; -1 and '\0' when there is no such process. */
pid_t witness_parent(pid_t pid);
char witness_state(pid_t pid);
/* Is there such a process, and no zombie? */
bool witness_alive(pid_t pid);
/* The next child of parent after the given one; 0 to start, 0 at the end. */
pid_t witness_child(pid_t parent, pid_t after);

/* Has it a descriptor of this kind, as /proc/PID/fd shows it? */
bool witness_has(pid_t pid, const char *kind);

/* The sockets of a process as ss tells them, listening, bound or connected. */
struct sockets {
	unsigned int inside; /* on the slice of the given address */
	unsigned int outside;
	char strays[4096]; /* the lines of those outside */
};

/* ip is the leased address; its slice is the /24 around it. */
struct sockets witness_slice(pid_t pid, const char *ip);
/* As witness_slice(), where only the address itself counts as inside. */
struct sockets witness_address(pid_t pid, const char *ip);
/* Whether that very line is in ss -Htln: "127.0.0.5:9933". */
bool witness_listens(const char *name);

#endif
