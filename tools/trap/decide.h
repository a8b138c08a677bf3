/* SPDX-License-Identifier: ISC */
/*
 * What is to be done about a call that the net has caught.  Pure: the facts
 * are gathered by trap.c, in the order in which this asks for them.
 */
#ifndef DECIDE_H
#define DECIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum decide_call { DECIDE_BIND, DECIDE_CONNECT, DECIDE_LISTEN };

enum { DECIDE_UNASKED = -1 };

struct decide {
	enum decide_call call;
	int fd; /* as its process numbers it */
	bool gone; /* it no longer waits for an answer */
	/* The name, but for listen. */
	int name_error; /* errno of reading it, 0 read */
	struct sockaddr_storage name;
	socklen_t len; /* as the program says: may be any number */
	/* The socket. */
	int socket_error; /* errno of fetching it, 0, or DECIDE_UNASKED */
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP, 0 another's */
	bool lesser; /* not our user, and not root */
	uint16_t reserved; /* ports below are for the privileged (ip(7)) */
};

enum answer {
	ANSWER_NONE, /* nobody waits for it */
	ANSWER_PASS, /* the kernel goes on with the call as it was made */
	ANSWER_FAIL, /* with the error that goes with it */
	ANSWER_LOOK, /* fetch the socket and ask again */
	ANSWER_MOVE /* make it for the program, by the rules of the lease */
};

/* error is set with ANSWER_FAIL. */
enum answer decide_answer(const struct decide *t, int *error);

/*
 * A connect was made without waiting, and ended with error (0 done).  Does
 * the program want to wait?  Then the call goes on (ANSWER_PASS): on a socket
 * that is being connected the kernel only waits, whatever name is given
 * (__inet_stream_connect in net/ipv4/af_inet.c), with the timeout and the
 * signals of the program itself.
 */
bool decide_waits(enum decide_call call, bool blocking, int error);

#endif
