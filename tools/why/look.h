/* SPDX-License-Identifier: ISC */
/*
 * A look at the sockets of a port, an address or a process: each with its
 * holders, the call that opened it where a record knows that, and the reasons
 * why it is still there.  Needs no lease, and no privilege: what may not be
 * looked at is said (rules.h).
 */
#ifndef LOOK_H
#define LOOK_H

#include "kernel/descriptors.h"
#include "kernel/sockdiag.h"
#include "store/recquery.h"
#include "why/leases.h"
#include "why/process.h"
#include "why/rules.h"

/* Which sockets: those whose local end is there. */
struct target {
	uint32_t ip; /* host byte order */
	int prefix_len; /* of ip: 32, or 0 for any address */
	uint16_t port; /* 0: any */
	pid_t pid; /* those that it holds; 0: anyone's */
	bool everywhere; /* look for holders in all processes */
};

/* A holder of a socket. */
struct holding {
	const struct process *process; /* NULL: none was seen */
	int fd;
	int cloexec; /* 1 or 0; -1 when that is not known */
	struct facts facts;
	enum why whys[WHYS];
	size_t nwhys; /* at least 1 */
};

struct found {
	struct sockdiag_socket socket;
	unsigned int count; /* connections alike, of which this is one */
	const struct stored *lease; /* NULL: none of ours */
	bool opened; /* the record knows the opener */
	struct opener opener;
	struct holding *holders; /* from the heap, at least one */
	size_t nholders;
};

struct look {
	struct found *list; /* from the heap, by port and address */
	size_t n;
	bool held; /* a bind of the port would fail, or a process has it */
	size_t denied; /* processes that may not be looked at */
	struct leases leases;
	struct descriptors descriptors;
	struct processes processes;
};

/* 0; -1 with errno: as sockdiag_at, descriptors_find and descriptors_of. */
int look_at(struct look *look, const struct target *target, uint64_t netns);

/*
 * The same in all other network namespaces that may be entered: to be told
 * where nothing was found in ours.  0; -1 with errno.
 */
int look_elsewhere(struct look *look, const struct target *target);

void look_free(struct look *look);

#endif
