/* SPDX-License-Identifier: ISC */
/*
 * --trap: the net below the command, for programs that the shim does not see
 * (static ones, Go, raw system calls).  The stub lays it (filter.h) and hands
 * the listener to the monitor, who answers each caught call by the shim's own
 * rules, on a duplicate of the program's socket (pidfd_getfd(2)).
 *
 * The name is copied once and only the copy counts: a program that changes it
 * meanwhile gains nothing.  No answer ever waits: a connect that has to is
 * begun here and waited for by the program itself (trapped.h).
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
	int listener; /* -1: no net, or nobody left who is in it */
	struct lease_ctx lease; /* what the shim's rules want to know */
	struct procid opener; /* the process whose call is being answered */
	uint64_t pidns; /* of the monitor, which counts its pids */
	uint16_t reserved; /* ports below are for the privileged */
	bool root; /* we have privileges that the program may lack */
	bool steady; /* see filter_install */
	struct made made[NOTIFIER_MADE]; /* the last ones, where it is not */
	size_t nmade; /* ever */
	bool said; /* that a program's sockets cannot be reached */
	struct seccomp_notif *call; /* of the sizes that the kernel wants */
	struct seccomp_notif_resp *reply;
	size_t call_size;
	size_t reply_size;
	char why[128]; /* after a failure, for people */
};

/*
 * In the stub: lay the net and tell the monitor at the other end of channel,
 * or tell it why not.
 */
void notifier_install(int channel);

/*
 * In the monitor, before anything is leased: take the listener from the stub
 * (pid command) and see that its sockets can be reached.  0; -1 with why.
 */
int notifier_take(struct notifier *t, int channel, pid_t command);

/* The lease is there: record is mapped for writing and outlives the net. */
void notifier_begin(
    struct notifier *t, const struct terms *terms, struct record *record);

/* The listener, for poll(2). */
int notifier_fd(const struct notifier *t);

/* poll(2) has said that about it: answer one call, or let go of the net. */
void notifier_handle(struct notifier *t, short revents);

#endif
