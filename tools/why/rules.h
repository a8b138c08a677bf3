/* SPDX-License-Identifier: ISC */
/*
 * Why a socket is still there, and what to do: a table of rules over facts,
 * pure.  portlease(7) has the same table for people.
 */
#ifndef RULES_H
#define RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* In the order of their rank: the first one that holds is told first. */
enum why {
	WHY_ELSEWHERE,
	WHY_TIME_WAIT,
	WHY_TIME_WAIT_NOBODY,
	WHY_TIME_WAIT_SOME,
	WHY_TIME_WAIT_ALL,
	WHY_CLOSING,
	WHY_UNSEEN,
	WHY_RING,
	WHY_IN_FLIGHT,
	WHY_CORE_DUMP,
	WHY_UNINTERRUPTIBLE,
	WHY_TRACED,
	WHY_STOPPED,
	WHY_HEADLESS,
	WHY_RECEIVED,
	WHY_EXEC,
	WHY_FORK_LEFT,
	WHY_FORK,
	WHY_CLOSE_WAIT,
	WHY_DAEMON,
	WHY_DEAF,
	WHY_SHARED_STRANGER,
	WHY_SHARED,
	WHY_WILDCARD,
	WHY_MEANT,
	WHYS
};

/* Which binds of the port a TIME_WAIT makes fail. */
enum blocks { BLOCKS_UNTRIED, BLOCKS_NOBODY, BLOCKS_SOME, BLOCKS_ALL };

/* How the holder came by the socket. */
enum descent {
	DESCENT_SELF, /* opened it, as far as can be told */
	DESCENT_FORK, /* a fork of the process that opened it */
	DESCENT_EXEC, /* a child that has called exec since */
	DESCENT_RECEIVED /* neither: it was passed on */
};

/* Of a socket and one of its holders, or none. */
struct facts {
	uint8_t state; /* as struct sockdiag_socket has it */
	uint32_t left; /* milliseconds of TIME_WAIT */
	enum blocks blocks;
	bool elsewhere; /* in another network namespace */
	bool wildcard; /* bound to all addresses, and of no lease */
	unsigned int sharers; /* other sockets that listen at the same end */
	unsigned int strangers; /* of them, those of another lease or none */
	char peer[256]; /* "127.0.0.1:40112 of pid 42 (client)" */
	uid_t owner; /* the user who made the socket */

	pid_t pid; /* the holder; 0: none was seen */
	bool hidden; /* processes exist that may not be looked at */
	bool rings; /* a process has an io_uring */
	char process_state; /* as in proc(5) */
	pid_t tracer;
	bool headless; /* only threads beside the leader live */
	bool dumping; /* a core */
	bool ignores; /* SIGTERM */
	bool left_session; /* and has lost its parent */
	enum descent descent;
	char origin[224]; /* the process that opened it: "pid 38 (node)" */
	bool origin_gone;
};

/*
 * The reasons that hold for these facts, in the order of their rank; there is
 * at least one.  Returns how many.
 */
size_t rules_of(const struct facts *f, enum why whys[static WHYS]);

/* "inherited-exec" */
const char *rules_name(enum why why);

/* What it is, and what to do: a sentence without its end. */
enum { RULES_TEXT = 512 };
char *rules_why(
    enum why why, const struct facts *f, char text[static RULES_TEXT]);
char *rules_todo(
    enum why why, const struct facts *f, char text[static RULES_TEXT]);

#endif
