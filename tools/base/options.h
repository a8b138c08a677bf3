/* SPDX-License-Identifier: ISC */
/*
 * The options of the commands: one table, a row an option, a bit a command.
 * struct options holds no pointers, so that the front can send it whole to
 * the monitor.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "lease/slice.h"

#include <limits.h>
#include <sys/types.h>

enum on_leak { ON_LEAK_WARN, ON_LEAK_FAIL, ON_LEAK_IGNORE };

enum { OWNER_DEFAULT = -1, OWNER_NOBODY = 0 };

/* Exit statuses of our own, beside those of the command. */
enum {
	EXIT_LEAK = 123,
	EXIT_NOT_READY = 124,
	EXIT_PORTLEASE = 125,
	EXIT_NOT_EXECUTABLE = 126,
	EXIT_NOT_FOUND = 127
};

struct options {
	struct terms terms; /* the declared ports and flags, as options say */
	uint32_t ip; /* adopted address, host byte order; 0 a slice */
	pid_t owner; /* or OWNER_DEFAULT, OWNER_NOBODY */
	int64_t wait; /* milliseconds until an address must be free */
	int64_t grace; /* milliseconds from asking to SIGKILL */
	int64_t idle_limit; /* milliseconds of the idle clock, 0 off */
	int64_t cap; /* milliseconds until ready at the most, 0 none */
	int sig; /* how to ask */
	int status_fd; /* -1 none */
	enum on_leak on_leak;
	bool until_tree;
	bool ready_notify; /* await READY=1 */
	bool trap; /* lay a seccomp net below the command */
	bool verbose;
	bool quiet;
	bool json;
	bool all;
	bool dry_run;
	bool sh;
	char ip_arg[64]; /* take ip from the command's --NAME=IP */
	char record[PATH_MAX]; /* keep a copy of the record here, absolute */
	struct terms awaited; /* only its ports are set */
	char ready_cmd[1024]; /* await exit status 0 of it */
	char status_file[PATH_MAX];
};

/* The commands that take options, as bits for the table's rows. */
enum {
	FOR_RUN = 1,
	FOR_EXEC = 2,
	FOR_REAP = 4,
	FOR_PS = 8,
	FOR_SHOW = 16,
	FOR_ACQUIRE = 32,
	FOR_RELEASE = 64,
	FOR_WAIT = 128
};

void options_default(struct options *o);

/*
 * Parse argv[1..] of a command up to the first operand, and return that
 * operand's index.  Bad input prints one line and exits 125; --help prints
 * usage and the options of the command on stdout and exits 0.
 */
int options_parse(struct options *o, unsigned int command, const char *usage,
    int argc, char *argv[]);

/*
 * The command's own --NAME=IP or --NAME IP: sets o->ip.  One line and exit
 * 125 when it is not there or no address of 127/8.
 */
void options_take_ip(struct options *o, char *const argv[]);

/*
 * The lock of an adopted address may be on the address itself: one line and
 * exit 125 when its port is declared.
 */
void options_check_ports(const struct options *o, const char *command);

#endif
