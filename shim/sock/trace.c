/* SPDX-License-Identifier: ISC */
/*
 * Turns calls into ways and opens.
 */
#include "sock/trace.h"

#include "sock/portprobe.h"
#include "sock/sockopt.h"

#include <string.h>
#include <time.h>

static uint64_t
now(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

static struct binding
way_of(const struct lease_ctx *a, const struct sockcall *call, uint64_t cookie)
{
	procid_known(a->record, a->self);
	return (struct binding){
		.valid = 1,
		.v6only = call->v6only,
		.protocol = call->protocol,
		.pid = a->self->pid,
		.image = a->self->image,
		.cookie = cookie,
		.when = now(),
		.asked = call->asked,
		.given = call->given,
	};
}

static void
note_open(const struct lease_ctx *a, const struct binding *way, uint8_t call)
{
	struct event entry = {
		.cookie = way->cookie,
		.when = way->when,
		.pid = way->pid,
		.image = (uint16_t)way->image,
		.call = call,
		.protocol = way->protocol,
		.asked = way->asked,
		.given = way->given,
	};

	record_event(a->record, &entry);
}

/* The port that the kernel chose. */
static void
complete(struct sockcall *call)
{
	struct endpoint local;

	if (call->given.port == 0 && sockopt_local(call->fd, &local))
		call->given.port = local.port;
}

static bool
on(int fd, int option)
{
	int value;

	return sockopt_get(fd, SOL_SOCKET, option, &value) && value != 0;
}

/*
 * Can no older socket still hold this place?  Only worth a question when the
 * record has one.  TCP shares a port between sockets only by SO_REUSEPORT,
 * or by SO_REUSEADDR while none of them listens, which is as good as gone.
 */
static bool
exclusive(const struct lease_ctx *a, const struct binding *way, int fd)
{
	struct binding old;
	enum ways found =
	    record_find(a->record, &way->given, way->protocol, 0, &old);

	if (found == LOOKUP_NONE ||
	    (found == LOOKUP_ONE && old.cookie == way->cookie))
		return false;
	if (found == LOOKUP_ONE && old.v6only == way->v6only &&
	    endpoint_equal(&old.asked, &way->asked))
		return false; /* it is renewed, whoever has it */
	return !on(fd, SO_REUSEPORT) &&
	       (way->protocol == IPPROTO_TCP || !on(fd, SO_REUSEADDR));
}

/* Remember a connection; what the socket once was to IPV6_V6ONLY stays. */
static void
remember(const struct lease_ctx *a, struct binding *way)
{
	struct binding old;

	if (record_find_connected(a->record, way->cookie, &old))
		way->v6only = way->v6only || old.v6only;
	record_connected(a->record, way);
}

/* Nobody says when a socket is closed: a full table is looked through. */
static void
keep_way(const struct lease_ctx *a, const struct binding *way, bool alone)
{
	if (!record_bound(a->record, way, alone) &&
	    !record_displace(a->record, way, portprobe_binding))
		record_lost(a->record);
}

void
trace_bound(const struct lease_ctx *a, struct sockcall *call)
{
	struct binding way;

	if (a->record == NULL)
		return;
	complete(call);
	way = way_of(a, call, sockopt_cookie(call->fd));
	keep_way(a, &way, exclusive(a, &way, call->fd));
	note_open(a, &way, EVENT_BIND);
}

void
trace_passed(const struct lease_ctx *a, struct sockcall *call)
{
	struct binding way;

	if (a->record == NULL)
		return;
	complete(call);
	way = way_of(a, call, sockopt_cookie(call->fd));
	if (call->v6only)
		remember(a, &way);
	note_open(a, &way, EVENT_BIND);
}

void
trace_outside(const struct lease_ctx *a, struct sockcall *call)
{
	if (a->record == NULL)
		return;
	atomic_fetch_add_explicit(
	    &a->record->counts.outside, 1, memory_order_relaxed);
	trace_bound(a, call);
}

void
trace_connect(const struct lease_ctx *a, const struct sockcall *call, bool way,
    struct connect_undo *connect_undo)
{
	struct binding *made = &connect_undo->made;

	connect_undo->before.valid = made->valid = 0;
	if (a->record == NULL)
		return;
	*made = way_of(a, call, sockopt_cookie(call->fd));
	if (!record_find_connected(
		a->record, made->cookie, &connect_undo->before))
		connect_undo->before.valid = 0;
	note_open(a, made, EVENT_CONNECT);
	made->valid = way || connect_undo->before.valid;
	if (made->valid)
		remember(a, made);
}

/* What the socket has once become to IPV6_V6ONLY it stays. */
void
trace_connect_undo(
    const struct lease_ctx *a, const struct connect_undo *connect_undo)
{
	struct binding way;

	if (!connect_undo->made.valid)
		return;
	way = connect_undo->before.valid ? connect_undo->before
					 : connect_undo->made;
	way.valid = connect_undo->before.valid || connect_undo->made.v6only;
	way.v6only = way.v6only || connect_undo->made.v6only;
	record_connected(a->record, &way);
}

void
trace_sent(const struct lease_ctx *a, const struct sockcall *call)
{
	struct binding way;
	uint64_t cookie;

	if (a->record == NULL)
		return;
	cookie = sockopt_cookie(call->fd);
	if (record_find_connected(a->record, cookie, &way) &&
	    endpoint_equal(&way.asked, &call->asked) &&
	    endpoint_equal(&way.given, &call->given))
		return;
	way = way_of(a, call, cookie);
	remember(a, &way);
}

void
trace_accepted(const struct lease_ctx *a, const struct sockcall *call)
{
	struct event entry = {
		.call = EVENT_ACCEPT,
		.protocol = call->protocol,
		.asked = call->asked,
		.given = call->given,
	};

	if (a->record == NULL)
		return;
	procid_known(a->record, a->self);
	entry.cookie = sockopt_cookie(call->fd);
	entry.when = now();
	entry.pid = a->self->pid;
	entry.image = a->self->image;
	record_event(a->record, &entry);
}

void
trace_listening(const struct lease_ctx *a)
{
	if (a->record != NULL)
		record_listening(a->record);
}
