/* SPDX-License-Identifier: ISC */
/*
 * What to do about a call that the filter has stopped.  Pure: the notifier
 * gathers the facts in the order in which this asks for them.
 */
#ifndef DECIDE_H
#define DECIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum call { CALL_BIND, CALL_CONNECT, CALL_LISTEN };

enum { SOCKET_NOT_FETCHED = -1 };

struct caught_call {
	enum call call;
	int fd; /* as its process numbers it */
	bool gone; /* the caller no longer waits for an answer */
	/* The name, but for listen. */
	int name_error; /* errno of reading it, 0 read */
	struct sockaddr_storage name;
	socklen_t len; /* as the program says: may be any number */
	/* The socket. */
	int socket_error; /* errno of fetching it, 0, or SOCKET_NOT_FETCHED */
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP, 0 any other */
	bool unprivileged; /* the caller is not root, but we are */
	uint16_t reserved; /* ports below are for the privileged (ip(7)) */
};

enum answer {
	ANSWER_NONE, /* the caller does not wait for one */
	ANSWER_PASS, /* the kernel goes on with the call as it was made */
	ANSWER_FAIL, /* with the error that goes with it */
	ANSWER_FETCH, /* fetch the socket and ask again */
	ANSWER_MAKE /* make it for the program, by the rules of the lease */
};

/* error is set: not 0 with ANSWER_FAIL. */
enum answer decide_answer(const struct caught_call *c, int *error);

/*
 * A connect was made without waiting, and ended with error (0 done).  Does
 * the program want to wait?  Then the call goes on (ANSWER_PASS): on a socket
 * that is being connected the kernel only waits, whatever name is given
 * (__inet_stream_connect in net/ipv4/af_inet.c), with the timeout and the
 * signals of the program itself.
 */
bool decide_waits(enum call call, bool blocking, int error);

#endif
