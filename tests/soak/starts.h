/* SPDX-License-Identifier: ISC */
/*
 * The programs of the soak: leases, programs that come into them from outside,
 * and reapers; in several state directories, and as two users when we are root.
 * What the tools say of the end of a lease goes to descriptor WORDS.
 */
#ifndef STARTS_H
#define STARTS_H

#include <stdbool.h>
#include <sys/types.h>

enum {
	WORDS = 3,
	HOMES = 3, /* a home is a state directory and a user */
	FIRST_PORT = 10000, /* as in look.h, for the observer */
	LAST_PORT = 27999,
	BLOCK = 4 /* ports that tell a lease from all others */
};

/* A lease that is to be started. */
struct plan {
	int home;
	unsigned int id; /* of its block of ports */
	const char *child; /* option of the tenant: what it leaves behind */
	int life; /* milliseconds of the tenant; 0 until it is ended */
	bool adopts; /* one of a few addresses */
	bool daemon; /* leaves one; acquire's is no child of the monitor */
};

struct starts_tally {
	unsigned int adopted, visitors, daemons;
};

extern struct starts_tally starts_tally;

/* After arena_enter(); seed of rand() is set. */
void starts_prepare(const char *build);

/* `portlease run`, and a script with `acquire` and `release`. */
pid_t starts_run(const struct plan *p);
pid_t starts_script(const struct plan *p);
/*
 * A program that comes in by `portlease exec` and daemonizes; false when the
 * lease is not there yet.
 */
bool starts_visitor(const struct plan *p);
void starts_forget(const struct plan *p);

pid_t starts_reaper(int home);
/* Reap all, in all homes; 0 when nothing is left. */
int starts_reap_all(long long ms);
/* Files in the state directories; prints them. */
unsigned int starts_records_left(void);

#endif
