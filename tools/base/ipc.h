/* SPDX-License-Identifier: ISC */
/*
 * What the front, the monitor and the command's stub say to each other.  All
 * three are the same program, so plain structs travel: over a SEQPACKET pair
 * between front and monitor, in a memfd to the monitor that was re-executed,
 * and over a SEQPACKET pair to the stub.
 */
#ifndef IPC_H
#define IPC_H

#include "base/options.h"
#include "lease/record.h"

#include <limits.h>

/* The descriptors that a re-executed monitor finds. */
enum {
	FD_CONTROL = 3,
	FD_STUB = 4,
	FD_STATE = 5,
	FD_STATUS = 6, /* --status-fd, if any */
	FD_STATUS_FILE = 7, /* --status-file, if any */
	FD_REQUEST = 8,
	FD_END = 9
};

/* The word that makes portlease a monitor. */
#define IPC_MONITOR "monitor"

/*
 * From the front to the monitor, once.  Behind it, when there is a
 * --ready-cmd, comes the front's environment, a string after another.
 */
struct ipc_request {
	struct options options; /* owner is a pid by now, or nobody */
	uint64_t owner_start; /* ticks */
	pid_t command; /* the stub, 0 without a command */
	bool foreground; /* it shares the front's process group */
	char state[PATH_MAX]; /* path of FD_STATE */
	char line[RECORD_COMMAND]; /* the command, for people */
	char cwd[PATH_MAX]; /* of the front */
};

/* From the front to the monitor: a signal came. */
struct ipc_signal {
	int sig;
	bool terminal; /* the kernel sent it to the whole foreground group */
};

/* From the monitor to the front, once, at the end. */
struct ipc_exit {
	int status; /* to exit with */
	int sig; /* to raise instead, 0 none */
};

/*
 * From the monitor to the stub: go; without a command to the front, which
 * prints it.
 */
struct ipc_start {
	char ip[16];
	char record[PATH_MAX];
	char terms[TERMS_TEXT];
	char notify[108]; /* NOTIFY_SOCKET, "" leave it as it is */
};

/* Fill go, but for notify.  0; -1 when the terms are too long for it. */
int ipc_fill_start(
    struct ipc_start *go, const struct terms *t, const char *record);

/*
 * In the monitor: the environment that comes behind the request in
 * FD_REQUEST, from the heap.  NULL with errno.
 */
char **ipc_environment(void);

#endif
