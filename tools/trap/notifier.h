/* SPDX-License-Identifier: ISC */
/*
 * --trap: bind, connect and listen of programs that the shim is not in (static
 * ones, Go, raw system calls), as if it were.
 *
 * The stub installs a seccomp filter before it becomes the command, and sends
 * the filter's listener to the monitor (filter.h).  A program that makes one
 * of the three calls is stopped by the kernel.  The monitor reads the call
 * from the listener, copies the name from the program's memory, gets a
 * duplicate of its socket (caller.h), decides (decide.h), makes the call on
 * the duplicate by the shim's own rules, and sends the result as the answer.
 *
 * The name is copied once and only the copy counts: a program that changes it
 * meanwhile gains nothing.  The monitor never waits for a connect: it begins
 * one, and lets the program's own call go on to wait for it.
 */
#ifndef NOTIFIER_H
#define NOTIFIER_H

#include "sock/ctx.h"

#include <sys/types.h>

struct seccomp_notif;
struct seccomp_notif_resp;

enum { NOTIFIER_MADE = 16 };

/* A bind that was made, and whose answer may get lost. */
struct made {
	uint64_t cookie; /* 0: none */
	uint32_t thread;
	struct sockaddr_storage name;
	socklen_t len;
};

struct notifier {
	int listener; /* -1: no filter, or no process is left below it */
	struct lease_ctx lease; /* what the shim's rules need to know */
	struct procid opener; /* the process whose call is being answered */
	uint16_t reserved; /* ports below are for the privileged */
	bool root; /* we have privileges that the program may lack */
	bool killable; /* see filter_receive */
	struct made made[NOTIFIER_MADE]; /* the last ones, unless killable */
	size_t nmade; /* ever */
	bool reported; /* that a program cannot be inspected */
	struct seccomp_notif *call; /* of the sizes that the kernel wants */
	struct seccomp_notif_resp *reply;
	size_t call_size;
	size_t reply_size;
	char why[320]; /* one line, for people */
};

/*
 * Before anything is leased: take the listener from the stub (pid command)
 * and see that its sockets can be reached.  0; -1 with why.
 */
int notifier_take(struct notifier *n, int channel, pid_t command);

/* The lease is there: record is mapped for writing and outlives the filter. */
void notifier_begin(
    struct notifier *n, const struct terms *terms, struct record *record);

/*
 * Do what poll(2) found on the listener: answer one call, or close it.  True,
 * once a lease, when a call was refused because its process cannot be
 * inspected: why says so then.
 */
bool notifier_handle(struct notifier *n, short revents);

#endif
