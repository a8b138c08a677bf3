/* SPDX-License-Identifier: ISC */
/* A lease with all that the kernel shows of it now, for ps and show. */
#ifndef VIEW_H
#define VIEW_H

#include "kernel/holders.h"
#include "kernel/sockdiag.h"
#include "store/lease.h"

/* A socket of the lease that is open. */
struct view_socket {
	struct sockdiag_socket socket;
	struct holder holder; /* a process that has it open */
};

struct view {
	struct stored stored;
	enum lease_state state;
	int unseen; /* errno with which sock_diag refused, 0 */
	size_t nsockets;
	struct view_socket *sockets; /* heap */
};

/*
 * Map the record of this address.  False when there is
 * none; s->record is NULL when it cannot be read, see s->error.
 */
bool view_find(struct stored *s, uint32_t ip, enum store_access access);

/*
 * Takes the mapping of s over, for view_free to end.  holders: find which
 * processes hold the sockets, a walk over /proc.
 */
void view_make(struct view *v, struct stored *s, bool holders);
void view_free(struct view *v);

/*
 * The network namespace whose leases a command is about: ours.  One line and
 * exit 125 when /proc does not show it.
 */
uint64_t view_netns(void);

#endif
