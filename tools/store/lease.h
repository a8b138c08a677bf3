/* SPDX-License-Identifier: ISC */
/* A lease as the other commands see it: its record, and whether it lives. */
#ifndef LEASE_H
#define LEASE_H

#include "store/store.h"

enum lease_state {
	LEASE_LIVE, /* its monitor lives */
	LEASE_ORPHAN, /* a record without a monitor: `reap` finishes it */
	LEASE_UNREADABLE /* the record cannot be read */
};

/* When it was mapped. */
enum lease_state lease_state(const struct stored *s);

/*
 * A pidfd of the monitor of a record that is mapped for writing, by the
 * kernel's word, and its pid.  -1 with ESRCH when it is gone, EXDEV when it is
 * in a pid namespace that we do not see.
 */
int lease_monitor(const struct stored *s, pid_t *pid);

/*
 * The live lease of this address, or with 0 the one that we are called in,
 * else the only one: mapped, the caller unmaps it.  0; -1 with why, one line,
 * when there is none, or no telling which.
 */
enum { LEASE_WHY = 400 };
int lease_find(struct stored *s, uint32_t ip, enum store_access access,
    char why[static LEASE_WHY]);

/*
 * The record of the live lease with this name, else of an orphan, in dir, or
 * with NULL in any state directory; mapped, the caller unmaps it.
 */
bool lease_named(const struct statedir *dir, struct stored *s, const char *name,
    enum store_access access);

/* Its name; "" when it has none, or one that cannot be. */
void lease_name(const struct stored *s, char name[static NAME_SIZE]);

/* "live", "orphan", "unreadable". */
const char *lease_state_name(enum lease_state state);

/*
 * Seconds since it was leased, of a record that is mapped; for one of another
 * boot, since the file was written last.
 */
double lease_age(const struct stored *s);

/* The network namespace whose leases are meant: ours.  0 with errno. */
uint64_t lease_netns(void);

#endif
