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

static struct way
way_of(const struct attachment *a, const struct noted *call, uint64_t cookie)
{
	self_known(a->record, a->self);
	return (struct way){
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
note_open(const struct attachment *a, const struct way *way, uint8_t call)
{
	struct opened entry = {
		.cookie = way->cookie,
		.when = way->when,
		.pid = way->pid,
		.image = (uint16_t)way->image,
		.call = call,
		.protocol = way->protocol,
		.asked = way->asked,
		.given = way->given,
	};

	record_open(a->record, &entry);
}

/* The port that the kernel chose. */
static void
complete(struct noted *call)
{
	struct endpoint local;

	if (call->given.port == 0 && ask_local(call->fd, &local))
		call->given.port = local.port;
}

static bool
on(int fd, int option)
{
	int value;

	return ask_option(fd, SOL_SOCKET, option, &value) && value != 0;
}

/*
 * Can no older socket still hold this place?  Only worth a question when the
 * record has one.  TCP shares a port between sockets only by SO_REUSEPORT,
 * or by SO_REUSEADDR while none of them listens, which is as good as gone.
 */
static bool
exclusive(const struct attachment *a, const struct way *way, int fd)
{
	struct way old;
	enum ways found =
	    record_find(a->record, &way->given, way->protocol, 0, &old);

	if (found == WAYS_NONE ||
	    (found == WAYS_ONE && old.cookie == way->cookie))
		return false;
	if (found == WAYS_ONE && old.v6only == way->v6only &&
	    endpoint_equal(&old.asked, &way->asked))
		return false; /* it is renewed, whoever has it */
	return !on(fd, SO_REUSEPORT) &&
	       (way->protocol == IPPROTO_TCP || !on(fd, SO_REUSEADDR));
}

/* Remember a connection; what the socket once was to IPV6_V6ONLY stays. */
static void
remember(const struct attachment *a, struct way *way)
{
	struct way old;

	if (record_find_connected(a->record, way->cookie, &old))
		way->v6only = way->v6only || old.v6only;
	record_connected(a->record, way);
}

/* Nobody says when a socket is closed: a full table is looked through. */
static void
keep_way(const struct attachment *a, const struct way *way, bool alone)
{
	if (!record_bound(a->record, way, alone) &&
	    !record_displace(a->record, way, probe_way))
		record_lost(a->record);
}

void
note_bound(const struct attachment *a, struct noted *call)
{
	struct way way;

	if (a->record == NULL)
		return;
	complete(call);
	way = way_of(a, call, ask_cookie(call->fd));
	keep_way(a, &way, exclusive(a, &way, call->fd));
	note_open(a, &way, OPEN_BIND);
}

void
note_passed(const struct attachment *a, struct noted *call)
{
	struct way way;

	if (a->record == NULL)
		return;
	complete(call);
	way = way_of(a, call, ask_cookie(call->fd));
	if (call->v6only)
		remember(a, &way);
	note_open(a, &way, OPEN_BIND);
}

void
note_outside(const struct attachment *a, struct noted *call)
{
	if (a->record == NULL)
		return;
	atomic_fetch_add_explicit(
	    &a->record->counts.outside, 1, memory_order_relaxed);
	note_bound(a, call);
}

void
note_connect(const struct attachment *a, const struct noted *call, bool way,
    struct turning *turning)
{
	struct way *made = &turning->made;

	turning->before.valid = made->valid = 0;
	if (a->record == NULL)
		return;
	*made = way_of(a, call, ask_cookie(call->fd));
	if (!record_find_connected(a->record, made->cookie, &turning->before))
		turning->before.valid = 0;
	note_open(a, made, OPEN_CONNECT);
	made->valid = way || turning->before.valid;
	if (made->valid)
		remember(a, made);
}

/* What the socket has once become to IPV6_V6ONLY it stays. */
void
note_unconnected(const struct attachment *a, const struct turning *turning)
{
	struct way way;

	if (!turning->made.valid)
		return;
	way = turning->before.valid ? turning->before : turning->made;
	way.valid = turning->before.valid || turning->made.v6only;
	way.v6only = way.v6only || turning->made.v6only;
	record_connected(a->record, &way);
}

void
note_sent(const struct attachment *a, const struct noted *call)
{
	struct way way;
	uint64_t cookie;

	if (a->record == NULL)
		return;
	cookie = ask_cookie(call->fd);
	if (record_find_connected(a->record, cookie, &way) &&
	    endpoint_equal(&way.asked, &call->asked) &&
	    endpoint_equal(&way.given, &call->given))
		return;
	way = way_of(a, call, cookie);
	remember(a, &way);
}

void
note_accepted(const struct attachment *a, const struct noted *call)
{
	struct opened entry = {
		.call = OPEN_ACCEPT,
		.protocol = call->protocol,
		.asked = call->asked,
		.given = call->given,
	};

	if (a->record == NULL)
		return;
	self_known(a->record, a->self);
	entry.cookie = ask_cookie(call->fd);
	entry.when = now();
	entry.pid = a->self->pid;
	entry.image = a->self->image;
	record_open(a->record, &entry);
}

void
note_listening(const struct attachment *a)
{
	if (a->record != NULL)
		record_listening(a->record);
}
