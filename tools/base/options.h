/* SPDX-License-Identifier: ISC */
/*
 * What the user asked for, as getopts.h reads it from the command line.  There
 * are no pointers, so that the front can send it whole to the monitor.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "base/name.h"
#include "lease/slice.h"

#include <limits.h>
#include <sys/types.h>

/* Harper's ports: MQTT, MQTT over TLS, operations, HTTP, HTTPS, replication. */
#define OPTIONS_PORTS "1883,8883,9925-9927,9932,9933"

/* In the order of the words that the options take. */
enum until { UNTIL_MAIN, UNTIL_TREE };
enum on_leak { ON_LEAK_WARN, ON_LEAK_FAIL, ON_LEAK_IGNORE };

enum { OWNER_DEFAULT = -1, OWNER_NOBODY = 0 };
enum { WAIT_DEFAULT = -1 }; /* 30 s for an address, 0 for a name */

/* Exit statuses of our own, beside those of the command. */
enum {
	EXIT_LEAK = 123,
	EXIT_NOT_READY = 124,
	EXIT_PORTLEASE = 125,
	EXIT_NOT_EXECUTABLE = 126,
	EXIT_NOT_FOUND = 127
};

struct options {
	struct terms terms; /* only the declared ports and flags are set */
	uint32_t ip; /* adopted address, host byte order; 0 a slice */
	pid_t owner; /* or OWNER_DEFAULT, OWNER_NOBODY */
	int64_t wait; /* milliseconds until it is free, or WAIT_DEFAULT */
	int64_t who_wait; /* milliseconds that `who` waits until it is free */
	int64_t grace; /* milliseconds from the request to SIGKILL */
	int64_t idle_limit; /* milliseconds of the idle clock, 0 off */
	int64_t cap; /* milliseconds until ready, 0 no limit */
	int sig; /* that asks processes to end */
	int status_fd; /* -1 none */
	int leak_status; /* exit status of a leak with ON_LEAK_FAIL */
	enum on_leak on_leak;
	enum until until;
	bool ready_notify; /* await READY=1 */
	bool trap; /* install a seccomp filter below the command */
	bool verbose;
	bool quiet;
	bool json;
	bool all;
	bool dry_run;
	bool sh;
	bool replace; /* end the lease that has the name */
	char name[NAME_SIZE]; /* "" none */
	char ip_arg[64]; /* take ip from the command's --NAME=IP */
	char record[PATH_MAX]; /* keep a copy of the record here, absolute */
	struct terms awaited; /* only its ports are set */
	char ready_cmd[1024]; /* await exit status 0 of it */
	char status_file[PATH_MAX];
	char pid_file[PATH_MAX]; /* the command's pid goes there, "" none */
	char log_file[PATH_MAX]; /* our own lines go there, "" stderr */
};

void options_default(struct options *o);

#endif
