/* SPDX-License-Identifier: ISC */
/*
 * The messages between the front, the monitor and the command's stub.  All
 * three are the same program, so plain structs travel: in a memfd to the
 * monitor that executes itself again, and over a SEQPACKET pair each between
 * front and monitor and between monitor and stub.
 */
#ifndef IPC_H
#define IPC_H

#include "base/options.h"
#include "lease/record.h"

#include <limits.h>

/* The descriptors that the monitor finds after its execve(2). */
enum {
	FD_CONTROL = 3,
	FD_STUB = 4,
	FD_STATE = 5,
	FD_STATUS = 6, /* --status-fd, if any */
	FD_STATUS_FILE = 7, /* --status-file, if any */
	FD_LOG = 8, /* --log-file, if any: becomes the monitor's stderr */
	FD_REQUEST = 9,
	FD_END = 10
};

/* argv[1] of the monitor. */
#define IPC_MONITOR "monitor"

/*
 * From the front to the monitor, once.  With a --ready-cmd the strings of the
 * front's environment follow it.
 */
struct ipc_request {
	struct options options; /* owner is not OWNER_DEFAULT any more */
	uint64_t owner_start; /* ticks */
	pid_t front;
	pid_t command; /* the stub, 0 without a command */
	bool foreground; /* the command is in the front's process group */
	char state[PATH_MAX]; /* path of FD_STATE */
	char line[RECORD_COMMAND]; /* the command, for people */
	char cwd[PATH_MAX]; /* of the front */
};

/*
 * From the front to the monitor: a signal to pass on; or good-bye, sig 0, which
 * it says before every end but that by SIGKILL.
 */
struct ipc_signal {
	int sig;
	bool terminal; /* the kernel sent it to the whole foreground group */
};

/* From the monitor to the front, once, at the end: how to end. */
struct ipc_exit {
	int status; /* exit status */
	int sig; /* the signal to raise instead, 0 none */
};

/*
 * From the monitor to the stub: the lease is there, become the command.
 * Without a command it goes to the front, which prints it.
 */
struct ipc_start {
	char ip[16];
	char record[PATH_MAX];
	char terms[TERMS_TEXT];
	char name[NAME_SIZE]; /* of the lease, "" none */
	char notify[108]; /* NOTIFY_SOCKET, "" leave it as it is */
};

/* Send a message; again when memory is short, which waits a moment, or when
 * interrupted.  -1 with errno when nobody is there to read it. */
int ipc_send(int fd, const void *message, size_t size);

/* Did a call fail so that it may succeed the next time?  Waits like above. */
bool ipc_again(int error);

/* All but notify.  0; -1 with E2BIG when the terms are too long for it. */
int ipc_fill_start(
    struct ipc_start *start, const struct terms *t, const char *record);

/*
 * In the monitor: the environment that follows the request in FD_REQUEST, on
 * the heap.  NULL with errno.
 */
char **ipc_environment(void);

#endif
