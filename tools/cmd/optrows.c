/* SPDX-License-Identifier: ISC */
#include "cmd/optrows.h"
#include "base/options.h"
#include "cmd/commands.h"

/* The offset and size of a field; only a field of this type compiles. */
#define MEMBER(name) (((struct options *)0)->name)
#define FIELD(type, name)                                                      \
	offsetof(struct options, name) +                                       \
	    0 * sizeof(char[__builtin_types_compatible_p(                      \
				type, __typeof__(MEMBER(name)))                \
				? 1                                            \
				: -1]),                                        \
	    sizeof(MEMBER(name))

#define A_DURATION "a number with ms, s, m or h"
#define PORT_LIST  "a list of up to 32 ports and ranges, as 9925-9927,1883"

const struct optrow optrows[] = {
	{ "Address", 0, NULL, 0, HEADING, 0, 0, NULL, NULL },
	{ "ports", 'p', "PORTS", CMD_RUN | CMD_ACQUIRE, PORTS,
	    FIELD(struct terms, terms),
	    "declared ports (default " OPTIONS_PORTS ")", PORT_LIST },
	{ "ip", 0, "IP", CMD_RUN | CMD_ACQUIRE, ADDRESS, FIELD(uint32_t, ip),
	    "adopt this address instead of leasing a slice",
	    "an address in 127.0.0.0/8" },
	{ "ip-arg", 0, "NAME", CMD_RUN, TEXT, FIELD(char[], ip_arg),
	    "adopt the address in the command's own --NAME=IP", "a name" },
	{ "name", 0, "NAME", CMD_RUN | CMD_ACQUIRE, NAME, FIELD(char[], name),
	    "a name, and an address that stays; auto: of the worktree",
	    "a name of up to 63 letters, digits, '.', '_' and '-'" },
	{ "replace", 0, NULL, CMD_RUN | CMD_ACQUIRE, FLAG, FIELD(bool, replace),
	    "end the lease that has the name first", NULL },
	{ "lease", 0, "IP|NAME", CMD_EXEC, LEASE, FIELD(uint32_t, ip),
	    "the lease to enter (default: the only one)",
	    "the address or the name of a lease" },
	{ "wait", 0, "TIME", CMD_RUN | CMD_ACQUIRE, DURATION,
	    FIELD(int64_t, wait),
	    "how long the address (30s) or name (0s) may take to be free",
	    A_DURATION },
	{ "wait", 0, "TIME", CMD_WHO, DURATION, FIELD(int64_t, who_wait),
	    "wait so long until nobody holds it", A_DURATION },
	{ "owner", 0, "PID", CMD_RUN | CMD_ACQUIRE, NUMBER, FIELD(pid_t, owner),
	    "end the lease when this process dies (the parent; 0: nobody)",
	    "a process id, or 0" },
	{ "End", 0, NULL, 0, HEADING, 0, 0, NULL, NULL },
	{ "grace", 'g', "TIME", CMD_RUN | CMD_ACQUIRE | CMD_REAP, DURATION,
	    FIELD(int64_t, grace), "time to end before SIGKILL (10s)",
	    A_DURATION },
	{ "signal", 's', "SIGNAL", CMD_RUN | CMD_ACQUIRE | CMD_REAP, SIGNAL,
	    FIELD(int, sig), "how to ask processes to end (TERM)",
	    "a signal's name or number" },
	{ "until", 0, "main|tree", CMD_RUN, CHOICE, FIELD(enum until, until),
	    "lease ends with the command, or its last descendant (main)",
	    "main or tree" },
	{ "on-leak", 0, "warn|fail|ignore", CMD_RUN | CMD_ACQUIRE, CHOICE,
	    FIELD(enum on_leak, on_leak),
	    "what a leak does (warn); fail exits 123", "warn, fail or ignore" },
	{ "leak-status", 0, "N", CMD_RUN | CMD_ACQUIRE, STATUS,
	    FIELD(int, leak_status), "exit with N for a leak instead of 123",
	    "a number from 1 to 255" },
	{ "record", 0, "FILE", CMD_RUN | CMD_ACQUIRE, FILE_PATH,
	    FIELD(char[], record), "keep a copy of the record", "a file" },
	{ "Readiness", 0, NULL, 0, HEADING, 0, 0, NULL, NULL },
	{ "ready-listen", 0, "PORTS", CMD_RUN | CMD_ACQUIRE, PORTS,
	    FIELD(struct terms, awaited),
	    "ready when the lease listens on all of them", PORT_LIST },
	{ "listen", 0, "PORTS", CMD_WAIT, PORTS, FIELD(struct terms, awaited),
	    "ready when the lease listens on all of them", PORT_LIST },
	{ "ready-cmd", 0, "CMD", CMD_RUN | CMD_WAIT, TEXT,
	    FIELD(char[], ready_cmd),
	    "ready when sh -c CMD, run inside the lease, exits 0",
	    "a command of at most 1023 bytes" },
	{ "ready-notify", 0, NULL, CMD_RUN, FLAG, FIELD(bool, ready_notify),
	    "ready when it sends READY=1 to $NOTIFY_SOCKET", NULL },
	{ "idle-limit", 0, "TIME", CMD_RUN | CMD_WAIT, LIMIT,
	    FIELD(int64_t, idle_limit),
	    "hung when all of it sleeps so long (60s; 0: never)",
	    A_DURATION ", or 0" },
	{ "cap", 0, "TIME", CMD_RUN | CMD_WAIT, LIMIT, FIELD(int64_t, cap),
	    "not ready when it takes longer (20m; 0: never)",
	    A_DURATION ", or 0" },
	{ "pid-file", 0, "FILE", CMD_RUN, FILE_PATH, FIELD(char[], pid_file),
	    "write the command's process id there", "a file" },
	{ "status-fd", 0, "N", CMD_RUN, NUMBER, FIELD(int, status_fd),
	    "write what happens there, as lines of JSON", "a descriptor" },
	{ "status-file", 0, "FILE", CMD_RUN, TEXT, FIELD(char[], status_file),
	    "the same, to a file", "a file" },
	{ "Other", 0, NULL, 0, HEADING, 0, 0, NULL, NULL },
	{ "log-file", 0, "FILE", CMD_RUN | CMD_ACQUIRE, TEXT,
	    FIELD(char[], log_file),
	    "append what portlease itself says there, not to stderr",
	    "a file" },
	{ "trap", 0, NULL, CMD_RUN, FLAG, FIELD(bool, trap),
	    "catch static programs, Go and raw system calls, too", NULL },
	{ "all", 'a', NULL, CMD_REAP, FLAG, FIELD(bool, all),
	    "every orphan of yours", NULL },
	{ "all", 'a', NULL, CMD_WHO, FLAG, FIELD(bool, all),
	    "look at every process, also when each socket has a holder", NULL },
	{ "dry-run", 'n', NULL, CMD_REAP, FLAG, FIELD(bool, dry_run),
	    "say what would be done", NULL },
	{ "sh", 0, NULL, CMD_ACQUIRE, FLAG, FIELD(bool, sh),
	    "print shell commands for eval (default)", NULL },
	{ "json", 'j', NULL, CMD_ACQUIRE | CMD_PS | CMD_SHOW | CMD_WHO, FLAG,
	    FIELD(bool, json), "print JSON", NULL },
	{ "verbose", 'v', NULL, CMD_RUN | CMD_ACQUIRE | CMD_WAIT, FLAG,
	    FIELD(bool, verbose), "say what is leased and how it ended", NULL },
	{ "quiet", 'q', NULL,
	    CMD_RELEASE | CMD_RUN | CMD_ACQUIRE | CMD_REAP | CMD_WAIT, FLAG,
	    FIELD(bool, quiet), "say nothing but errors", NULL },
	{ "help", 'h', NULL, CMD_ALL, HELP, 0, 0, "print this and exit", NULL },
};

const int optrows_n = sizeof(optrows) / sizeof(*optrows);

_Static_assert(sizeof(optrows) / sizeof(*optrows) <= OPTROWS_MAX,
    "getopts.c has no room for all");
