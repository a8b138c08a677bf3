/* SPDX-License-Identifier: ISC */
/*
 * /proc/PID/task/TID/{stat,syscall,wchan}, and for a thread that may wait for a
 * connection the sockets of its process in SYN_SENT.
 */
#include "ready/blocked.h"
#include "kernel/procfs.h"
#include "ready/activity.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

struct search {
	const struct terms *terms;
	const struct record *record;
	struct sockets connecting; /* of all processes, not answered yet */
};

/*
 * Calls that a thread may wait in.  Those that wait for descriptors may wait
 * for a connection.
 */
static const struct call {
	long number;
	const char *name;
	bool descriptors;
} calls[] = {
#define CALL(name, descriptors)                                                \
	{                                                                      \
		SYS_##name, #name, descriptors                                 \
	}
	CALL(connect, true),
#ifdef SYS_poll
	CALL(poll, true),
	CALL(select, true),
	CALL(epoll_wait, true),
	CALL(pause, false),
#endif
	CALL(ppoll, true),
	CALL(pselect6, true),
	CALL(epoll_pwait, true),
	CALL(io_uring_enter, true),
	CALL(futex, false),
	CALL(nanosleep, false),
	CALL(clock_nanosleep, false),
	CALL(restart_syscall, false),
	CALL(rt_sigsuspend, false),
	CALL(rt_sigtimedwait, false),
	CALL(wait4, false),
	CALL(waitid, false),
	CALL(accept, false),
	CALL(accept4, false),
	CALL(read, false),
	CALL(readv, false),
	CALL(write, false),
	CALL(writev, false),
	CALL(recvfrom, false),
	CALL(recvmsg, false),
	CALL(sendto, false),
	CALL(sendmsg, false),
	CALL(openat, false),
	CALL(flock, false),
	CALL(fcntl, false),
	CALL(ioctl, false),
	CALL(fsync, false),
	CALL(fdatasync, false),
	CALL(msgrcv, false),
	CALL(semop, false),
	CALL(semtimedop, false),
#undef CALL
};

static const struct call *
find_call(long number)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (calls[i].number == number)
			return &calls[i];
	return NULL;
}

void
blocked_call(long number, char *name, size_t size)
{
	const struct call *call = find_call(number);

	if (call != NULL)
		(void)strlcpy(name, call->name, size);
	else
		(void)snprintf(name, size, "system call %ld", number);
}

static void
find_connecting(struct sockets *found, struct sockdiag *diag)
{
	size_t n = 0;

	(void)sockdiag_tcp(diag, 0, 0, found);
	for (size_t i = 0; i < found->n; i++)
		if (found->list[i].state == TCP_SYN_SENT)
			found->list[n++] = found->list[i];
	found->n = n;
}

/* The socket of a process that is connecting, or NULL. */
static const struct sockdiag_socket *
connecting_of(const struct search *search, pid_t pid)
{
	const struct sockets *all = &search->connecting;
	const struct sockdiag_socket *found = NULL;
	uint32_t *inodes;
	ssize_t n = procfs_sockets(pid, &inodes);

	for (ssize_t i = 0; i < n && found == NULL; i++)
		for (size_t j = 0; j < all->n && found == NULL; j++)
			if (all->list[j].inode == inodes[i])
				found = &all->list[j];
	free(inodes);
	return found;
}

/* The peer as the program asked for it: by the record, else by arithmetic. */
static void
name_peer(const struct search *search, const struct sockdiag_socket *s,
    char text[static TEXT_ENDPOINT])
{
	struct endpoint peer = s->remote;
	struct sockcall call;

	peer.family = s->family; /* what slice_asked goes by */
	if (recquery_event(search->record, s->cookie, EVENT_CONNECT, &call))
		peer = call.asked;
	else
		peer = slice_asked(search->terms, &peer, NULL);
	text_endpoint(&peer, text);
}

/* The first line of a file of a thread. */
static void
read_line(
    const struct blocked_thread *t, const char *name, char *text, size_t size)
{
	(void)procfs_read(
	    text, size, "/proc/%d/task/%d/%s", t->pid, t->tid, name);
	text[strcspn(text, "\n")] = '\0';
}

/* Returns its system call: -1 unknown. */
static long
read_thread(struct blocked_thread *t)
{
	char text[512], *end;
	long number;

	read_line(t, "stat", text, sizeof(text));
	t->state = procfs_parse_state(text);
	read_line(t, "wchan", text, sizeof(text));
	if (strcmp(text, "0") != 0)
		(void)strlcpy(t->wchan, text, sizeof(t->wchan)); /* cut */
	read_line(t, "syscall", text, sizeof(text));
	number = strtol(text, &end, 10);
	if (end == text || number < 0)
		return -1;
	blocked_call(number, t->call, sizeof(t->call));
	return number;
}

static bool
same(const struct blocked_thread *a, const struct blocked_thread *b)
{
	return a->pid == b->pid && a->state == b->state &&
	       strcmp(a->call, b->call) == 0 && strcmp(a->wchan, b->wchan) == 0;
}

static void
add_thread(const struct search *search, struct blocked *found,
    const struct thread_sample *thread)
{
	struct blocked_thread t = { thread->pid, thread->tid, .threads = 1 };
	const struct call *call = find_call(read_thread(&t));
	const struct sockdiag_socket *socket;

	for (size_t i = 0; i < found->n; i++) {
		if (same(&found->list[i], &t)) {
			found->list[i].threads++;
			return;
		}
	}
	if (found->n == BLOCKED_MAX) {
		found->more++;
		return;
	}
	(void)procfs_cmdline(t.pid, t.line, sizeof(t.line));
	if (call != NULL && call->descriptors &&
	    (socket = connecting_of(search, t.pid)) != NULL)
		name_peer(search, socket, t.awaits);
	found->list[found->n++] = t;
}

void
blocked_find(struct blocked *found, pid_t root, pid_t exclude,
    struct sockdiag *diag, const struct terms *terms,
    const struct record *record)
{
	struct search search = { .terms = terms, .record = record };
	struct sample tree = activity_threads(root, record, exclude);

	*found = (struct blocked){ 0 };
	if (diag != NULL)
		find_connecting(&search.connecting, diag);
	for (size_t i = 0; i < tree.n; i++)
		add_thread(&search, found, &tree.threads[i]);
	sockets_free(&search.connecting);
	free(tree.threads);
}

static const char *
state_text(char state)
{
	return state == 'T'   ? "stopped by a signal"
	       : state == 't' ? "stopped by a debugger"
	       : state == 'D' ? "waiting for a device"
	       : state == 'R' ? "running"
			      : "asleep";
}

void
blocked_text(const struct blocked_thread *t, char *text, size_t size)
{
	bool in = t->call[0] != '\0' && t->state != 'T' && t->state != 't';

	(void)snprintf(text, size, "%s%s%s%s%s%s%s",
	    in ? "in " : state_text(t->state), in ? t->call : "",
	    t->awaits[0] != '\0' ? ", connecting to " : "", t->awaits,
	    t->wchan[0] != '\0' ? " (" : "", t->wchan,
	    t->wchan[0] != '\0' ? ")" : "");
}
