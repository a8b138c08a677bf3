/* SPDX-License-Identifier: ISC */
/*
 * Makes every call that carries a name with the data, with good arguments
 * and bad ones, and says what came of it.  See calls.h.
 *
 * datacalls port port
 */
#include "calls.h"

#include <linux/errqueue.h>
#include <poll.h>

enum { MESSAGES = 3 };

ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t size, int flags,
    struct sockaddr *sa, socklen_t *salen);

/* --- ways to send and to receive ------------------------------------------ */

typedef long sender(int fd, const struct room *name, int flags);

static long
by_sendto(int fd, const struct room *name, int flags)
{
	errno = SENTINEL;
	return sendto(fd, "one", 3, flags, &name->name.sa, name->len);
}

static struct msghdr
message(struct iovec *iov, const struct room *name)
{
	return (struct msghdr){
		.msg_name = name != NULL ? (void *)(uintptr_t)&name->name : 0,
		.msg_namelen = name != NULL ? name->len : 0,
		.msg_iov = iov,
		.msg_iovlen = 1,
	};
}

static long
by_sendmsg(int fd, const struct room *name, int flags)
{
	struct iovec iov = { (char[]){ 't', 'w', 'o' }, 3 };
	struct msghdr msg = message(&iov, name);

	errno = SENTINEL;
	return sendmsg(fd, &msg, flags);
}

static long
by_sendmmsg(int fd, const struct room *name, int flags)
{
	struct iovec iov = { (char[]){ 't', 'h', 'r', 'e', 'e' }, 5 };
	struct mmsghdr msgs[MESSAGES] = {
		{ message(&iov, name), 99 },
		{ message(&iov, NULL), 99 },
		{ message(&iov, name), 99 },
	};
	long rc;

	errno = SENTINEL;
	rc = sendmmsg(fd, msgs, MESSAGES, flags);
	for (size_t i = 0; i < MESSAGES; i++)
		printf(" %u", msgs[i].msg_len);
	return rc;
}

static const struct {
	const char *name;
	sender *send;
} senders[] = {
	{ "sendto", by_sendto },
	{ "sendmsg", by_sendmsg },
	{ "sendmmsg", by_sendmmsg },
};

/* Fills r, and says what was received. */
typedef long receiver(int fd, struct room *r, size_t n, int flags);

static long
by_recvfrom(int fd, struct room *r, size_t n, int flags)
{
	char buf[16];

	return recvfrom(fd, buf, n, flags, &r->name.sa, &r->len);
}

static long
by_chk(int fd, struct room *r, size_t n, int flags)
{
	char buf[16];

	return __recvfrom_chk(
	    fd, buf, n, sizeof(buf), flags, &r->name.sa, &r->len);
}

static long
by_recvmsg(int fd, struct room *r, size_t n, int flags)
{
	char buf[16];
	struct iovec iov = { buf, n };
	struct msghdr msg = message(&iov, r);
	long rc = recvmsg(fd, &msg, flags);

	r->len = msg.msg_namelen;
	printf(" flags %x control %zu", (unsigned int)msg.msg_flags,
	    msg.msg_controllen);
	return rc;
}

static long
by_recvmmsg(int fd, struct room *r, size_t n, int flags)
{
	char buf[16];
	struct iovec iov = { buf, n };
	struct mmsghdr msgs[2] = { { message(&iov, r), 99 },
		{ message(&iov, NULL), 99 } };
	struct timespec patience = { 0, 50000000 };
	long rc = recvmmsg(fd, msgs, 2, flags | MSG_DONTWAIT, &patience);

	r->len = msgs[0].msg_hdr.msg_namelen;
	printf(" flags %x lengths %u %u",
	    (unsigned int)msgs[0].msg_hdr.msg_flags, msgs[0].msg_len,
	    msgs[1].msg_len);
	return rc;
}

static const struct {
	const char *name;
	receiver *receive;
} receivers[] = {
	{ "recvfrom", by_recvfrom },
	{ "__recvfrom_chk", by_chk },
	{ "recvmsg", by_recvmsg },
	{ "recvmmsg", by_recvmmsg },
};

enum {
	SENDERS = sizeof(senders) / sizeof(*senders),
	RECEIVERS = sizeof(receivers) / sizeof(*receivers)
};

/* --- a datagram there, and one back --------------------------------------- */

/* The server that has something to read, or -1. */
static int
reached(void)
{
	struct pollfd fds[SERVERS];

	for (size_t i = 0; i < SERVERS; i++)
		fds[i] = (struct pollfd){ .fd = servers[i], .events = POLLIN };
	if (poll(fds, SERVERS, 0) <= 0)
		return -1;
	for (size_t i = 0; i < SERVERS; i++)
		if (fds[i].revents & POLLIN)
			return servers[i];
	return -1;
}

static void
drain(int fd)
{
	char byte;

	while (recv(fd, &byte, 1, MSG_DONTWAIT) != -1)
		;
}

static void
answer(int fd, size_t how)
{
	struct room r, back;
	int server = reached();
	long rc;

	if (server == -1) {
		printf(" | nobody");
		return;
	}
	calls_room(&r, sizeof(r.name.ss));
	printf(" |");
	rc = receivers[how % RECEIVERS].receive(server, &r, 16, 0);
	calls_result(rc);
	calls_written(&r, sizeof(r.name.ss), rc != -1);
	calls_ends(server);
	printf(" back");
	calls_result(senders[how % SENDERS].send(server, &r, 0));
	calls_room(&back, sizeof(back.name.ss));
	rc = receivers[how % RECEIVERS].receive(fd, &back, 16, MSG_DONTWAIT);
	calls_result(rc);
	calls_written(&back, sizeof(back.name.ss), rc != -1);
	drain(server);
}

static void
converse(const struct world *w, const struct kind *k, const struct form *f,
    size_t how)
{
	struct room name;
	int fd = calls_open(k);

	calls_fill(&name, f);
	printf("%s in %s %s %s:", senders[how % SENDERS].name, w->name, k->name,
	    calls_form(f));
	calls_result(senders[how % SENDERS].send(fd, &name, 0));
	calls_ends(fd);
	show_v6only(fd);
	answer(fd, how);
	calls_end();
	calls_close(fd);
}

/* To one name, then to another, and without a name, which is nowhere. */
static void
converse_twice(const struct world *w, const struct kind *k,
    const struct form *one, const struct form *two)
{
	struct room name;
	int fd = calls_open(k);

	printf("sendto in %s %s %s, %s:", w->name, k->name, calls_form(one),
	    calls_form(two));
	calls_fill(&name, one);
	calls_result(by_sendto(fd, &name, 0));
	answer(fd, 0);
	calls_fill(&name, two);
	calls_result(by_sendto(fd, &name, 0));
	answer(fd, 1);
	errno = SENTINEL;
	calls_result(send(fd, "x", 1, 0));
	calls_end();
	calls_close(fd);
}

/* A socket with a peer may still name another one. */
static void
converse_connected(const struct world *w, const struct kind *k,
    const struct form *peer, const struct form *f)
{
	struct room name;
	int fd = calls_open(k);

	printf("sendto in %s %s connected %s, %s:", w->name, k->name,
	    calls_form(peer), calls_form(f));
	calls_fill(&name, peer);
	calls_result(connect(fd, &name.name.sa, name.len));
	errno = SENTINEL;
	calls_result(send(fd, "x", 1, 0));
	answer(fd, 0);
	errno = SENTINEL;
	calls_result(send(fd, "x", 1, MSG_DONTWAIT)); /* perhaps refused */
	drain(reached());
	calls_fill(&name, f);
	calls_result(by_sendto(fd, &name, 0));
	answer(fd, 2);
	calls_ends(fd);
	calls_end();
	calls_close(fd);
}

/* --- Fast Open ------------------------------------------------------------ */

static void
open_fast(const struct world *w, const struct kind *k, const struct form *f,
    size_t how)
{
	struct room name;
	int fd = calls_open(k), server, accepted;

	printf("fastopen by %s in %s %s %s:", senders[how].name, w->name,
	    k->name, calls_form(f));
	calls_fill(&name, f);
	calls_result(senders[how].send(fd, &name, MSG_FASTOPEN));
	calls_ends(fd);
	show_v6only(fd);
	server = reached();
	if (server != -1) {
		calls_room(&name, sizeof(name.name.ss));
		accepted = accept(server, &name.name.sa, &name.len);
		printf(" |");
		calls_result_fd(accepted);
		calls_written(&name, sizeof(name.name.ss), accepted != -1);
		calls_ends(accepted);
		calls_close(accepted);
	}
	calls_end();
	calls_close(fd);
}

static void
in_world(const struct world *w)
{
	static const size_t some[] = { 0, 1, 4, 9, 21 };

	calls_serve(w);
	for (size_t k = TCP_KINDS; k < IP_KINDS; k++) {
		for (size_t f = 0; f < LOCAL_FORMS; f++)
			for (size_t how = 0; how < RECEIVERS; how++)
				converse(w, &kinds[k], &forms[f], how);
		for (size_t i = 0; i < 5; i++)
			for (size_t j = 0; j < 5; j++) {
				converse_twice(w, &kinds[k], &forms[some[i]],
				    &forms[some[j]]);
				converse_connected(w, &kinds[k],
				    &forms[some[i]], &forms[some[j]]);
			}
	}
	for (size_t k = 0; k < TCP_KINDS; k++)
		for (size_t f = 0; f < 2; f++)
			for (size_t how = 0; how < SENDERS; how++)
				open_fast(w, &kinds[k], &forms[f], how);
	calls_leave();
}

/* --- arguments of sending ------------------------------------------------- */

static void
send_lengths(const struct kind *k, const struct form *f)
{
	struct room name;
	int fd;

	for (size_t how = 0; how < SENDERS; how++)
		for (size_t i = 0; i < LENGTHS; i++) {
			fd = calls_open(k);
			calls_fill(&name, f);
			name.len = (socklen_t)lengths[i];
			printf("%s %s %s length %ld:", senders[how].name,
			    k->name, calls_form(f), lengths[i]);
			calls_result(senders[how].send(fd, &name, 0));
			calls_end();
			calls_close(fd);
		}
}

static void
send_bad(const struct kind *k)
{
	static const socklen_t sizes[] = { 0, 16, 28, 128 };
	struct iovec iov = { (char[1]){ 'x' }, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fd = calls_open(k);

	for (enum bad b = 0; b < BADS; b++) {
		printf("send %s at %s:", k->name, bad_names[b]);
		for (size_t i = 0; i < 4; i++) {
			errno = SENTINEL;
			calls_result(
			    sendto(fd, "x", 1, 0, calls_bad(b, 8), sizes[i]));
			msg.msg_name = calls_bad(b, 8);
			msg.msg_namelen = sizes[i];
			errno = SENTINEL;
			calls_result(sendmsg(fd, &msg, 0));
		}
		printf(" message");
		errno = SENTINEL;
		calls_result(sendmsg(fd, calls_bad(b, 8), 0));
		errno = SENTINEL;
		calls_result(sendmmsg(fd, calls_bad(b, 8), 2, 0));
		errno = SENTINEL;
		calls_result(sendmmsg(fd, calls_bad(b, 8), 0, 0));
		calls_end();
	}
	calls_close(fd);
}

/* --- arguments of receiving ----------------------------------------------- */

/* A socket with datagrams from a named one. */
static int
filled(const struct kind *k, int *peer)
{
	struct room name, from;
	int fd = calls_open(k);

	(void)unlink("s");
	(void)unlink("c");
	*peer = calls_open(k);
	calls_fill(&name, &forms[k->domain == AF_INET    ? 0
				 : k->domain == AF_INET6 ? 1
							 : 2]);
	(void)bind(fd, &name.name.sa, name.len);
	calls_fill(&from, &forms[k->domain == AF_INET    ? 5
				 : k->domain == AF_INET6 ? 17
							 : 2]);
	if (k->domain == AF_UNIX)
		from.name.un.sun_path[0] = 'c';
	if (k->domain != AF_NETLINK)
		(void)bind(*peer, &from.name.sa, from.len);
	(void)listen(fd, 1);
	(void)connect(*peer, &name.name.sa, name.len);
	if (k->type == SOCK_STREAM || k->type == SOCK_SEQPACKET) {
		int listener = fd;

		fd = accept(listener, NULL, NULL);
		calls_close(listener);
	}
	for (size_t i = 0; i < 4 && k->domain != AF_NETLINK; i++)
		(void)send(*peer, "received", 8, MSG_NOSIGNAL);
	calls_settle();
	return fd;
}

static void
receive_lengths(const struct kind *k, size_t how, size_t n, int flags)
{
	struct room r;
	int fd, peer;
	long rc;

	for (size_t i = 0; i < LENGTHS; i++) {
		fd = filled(k, &peer);
		printf(
		    "%s %s %zu bytes flags %x length %ld:", receivers[how].name,
		    k->name, n, (unsigned int)flags, lengths[i]);
		calls_room(&r, (socklen_t)lengths[i]);
		rc = receivers[how].receive(fd, &r, n, flags | MSG_DONTWAIT);
		calls_result(rc);
		calls_written(&r, (socklen_t)lengths[i], rc != -1);
		errno = SENTINEL;
		calls_result(recv(fd, &r, 16, MSG_DONTWAIT));
		calls_end();
		calls_close(fd);
		calls_close(peer);
	}
}

static void
receive_bad(const struct kind *k)
{
	char buf[16];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct room r;
	int fd, peer;

	for (enum bad b = 0; b < BADS; b++) {
		fd = filled(k, &peer);
		printf("receive %s at %s: name", k->name, bad_names[b]);
		calls_room(&r, 28);
		calls_result(recvfrom(
		    fd, buf, 16, MSG_DONTWAIT, calls_bad(b, 8), &r.len));
		calls_written(&r, 0, false);
		printf(" short");
		calls_room(&r, 12);
		calls_result(recvfrom(
		    fd, buf, 16, MSG_DONTWAIT, calls_bad(b, 8), &r.len));
		calls_written(&r, 0, false);
		printf(" length");
		calls_room(&r, 28);
		calls_result(recvfrom(
		    fd, buf, 16, MSG_DONTWAIT, &r.name.sa, calls_bad(b, 2)));
		calls_written(&r, 0, false);
		printf(" message");
		errno = SENTINEL;
		calls_result(recvmsg(fd, calls_bad(b, 8), MSG_DONTWAIT));
		msg.msg_name = calls_bad(b, 8);
		msg.msg_namelen = 28;
		errno = SENTINEL;
		calls_result(recvmsg(fd, &msg, MSG_DONTWAIT));
		errno = SENTINEL;
		calls_result(
		    recvmmsg(fd, calls_bad(b, 8), 2, MSG_DONTWAIT, NULL));
		calls_end();
		calls_close(fd);
		calls_close(peer);
	}
}

/* Where a datagram was sent that nobody took. */
static void
error_queue(const struct kind *k, const struct form *f)
{
	char buf[16], control[512];
	struct iovec iov = { buf, sizeof(buf) };
	struct room name, r;
	struct msghdr msg;
	int fd = calls_open(k), on = 1;
	long rc;

	printf("error queue %s %s:", k->name, calls_form(f));
	(void)setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	calls_fill(&name, f);
	calls_result(by_sendto(fd, &name, 0));
	calls_room(&r, 128);
	msg = message(&iov, &r);
	msg.msg_control = control;
	msg.msg_controllen = sizeof(control);
	rc = recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);
	calls_result(rc);
	r.len = msg.msg_namelen;
	calls_written(&r, 128, rc != -1);
	calls_end();
	calls_close(fd);
}

int
main(int argc, char **argv)
{
	static const int flags[] = { 0, MSG_PEEK, MSG_TRUNC };

	calls_begin(argc, argv);
	for (size_t k = 0; k < KINDS; k++) {
		send_lengths(&kinds[k], &forms[0]);
		send_lengths(&kinds[k], &forms[1]);
		send_bad(&kinds[k]);
		if (kinds[k].type == SOCK_RAW && kinds[k].domain != AF_NETLINK)
			continue; /* it hears what others send */
		for (size_t how = 0; how < RECEIVERS; how++)
			for (size_t f = 0; f < 3; f++)
				receive_lengths(
				    &kinds[k], how, f == 0 ? 16 : 4, flags[f]);
		receive_bad(&kinds[k]);
	}
	for (size_t k = TCP_KINDS; k < IP_KINDS; k++)
		for (size_t f = 0; f < LOCAL_FORMS; f++)
			error_queue(&kinds[k], &forms[f]);
	for (size_t w = 0; w < WORLDS; w++)
		in_world(&worlds[w]);
	return 0;
}
