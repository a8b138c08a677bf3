/* SPDX-License-Identifier: ISC */
/*
 * Leases whose monitor gets lost.  Valid while there is only one lease in the
 * state directory of the test.
 */
#ifndef LOST_H
#define LOST_H

#include <sys/types.h>

/* The monitor's pid, from the record. */
pid_t lost_find(void);
/* Kill the monitor, and wait until it is gone. */
void lost_kill(void);

/*
 * Start a command with START's words in a lease with port 9926, and kill the
 * monitor when the command says "ready pid N".  N; the address into ip.
 */
#define LOST(ip, ...)                                                          \
	lost_lease(&(ip), (const char *const[]){ PORTLEASE, "run", "-p",       \
			      "9926", TELL_IP, __VA_ARGS__, NULL })
pid_t lost_lease(const char **ip, const char *const argv[]);

/* The lines of ps without their heading; "" when there are none. */
const char *lost_leases(void);
/* The path of the record of an address, and the variable that names it. */
const char *lost_record(const char *ip);
const char *lost_mark(const char *ip);

/* Expect that `reap` frees the address, and that there was one lease only. */
void lost_expect_reaped(const char *ip);
/*
 * Expect that `reap` says this of a process, behind its pid, does not end it
 * and frees nothing.  ..._left_alone: and that the record is listed as an
 * orphan's.
 */
void lost_expect_refused(const char *ip, pid_t pid, const char *words);
void lost_expect_left_alone(const char *ip, pid_t pid, const char *words);

#endif
