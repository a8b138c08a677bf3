/* SPDX-License-Identifier: ISC */
/*
 * A socket may ask for IPV6_V6ONLY and have it cleared all the same, for the
 * lease's sake (bind.c).  Once that was done the bindings of the socket
 * remember it, whatever it connects to later.
 */
#include "sock/trace.h"

#include "sock/libc.h"
#include "sock/portprobe.h"
#include "sock/sockopt.h"

#include <time.h>

/* Add the caller, the time and the cookie, which costs a system call. */
static void
complete(const struct lease_ctx *ctx, int fd, struct sockcall *call,
    enum event_call what)
{
	struct timespec ts = { 0 };

	procid_known(ctx->record, ctx->self);
	(void)real()->clock(CLOCK_MONOTONIC, &ts);
	call->when = (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
	call->pid = ctx->self->pid;
	call->image = ctx->self->image;
	call->call = (uint8_t)what;
	if (call->cookie == 0)
		call->cookie = sockopt_cookie(fd);
}

static bool
on(int fd, int option)
{
	int value;

	return sockopt_get(fd, SOL_SOCKET, option, &value) && value != 0;
}

/*
 * Can no older socket still hold this port?  Only worth a question when the
 * record has one that will not be renewed.  TCP shares a port between sockets
 * only by SO_REUSEPORT, or by SO_REUSEADDR while none of them listens, which
 * is as good as gone.
 */
static bool
exclusive(const struct lease_ctx *ctx, int fd, const struct sockcall *call)
{
	struct sockcall old;
	enum lookup found =
	    record_find(ctx->record, &call->given, call->protocol, 0, &old);

	if (found == LOOKUP_NONE)
		return false;
	if (found == LOOKUP_ONE &&
	    (old.cookie == call->cookie ||
		(old.v6only == call->v6only &&
		    endpoint_equal(&old.asked, &call->asked))))
		return false;
	return !on(fd, SO_REUSEPORT) &&
	       (call->protocol == IPPROTO_TCP || !on(fd, SO_REUSEADDR));
}

/* Remember a connection over `before`, if there was one. */
static void
connected(const struct lease_ctx *ctx, struct sockcall *call,
    const struct sockcall *before)
{
	call->v6only |= before != NULL && before->v6only;
	record_connected(ctx->record, call);
}

void
trace_bind(const struct lease_ctx *ctx, int fd, struct sockcall *call,
    enum placing placing)
{
	struct endpoint local;
	struct sockcall before;

	if (ctx->record == NULL)
		return;
	if (placing == PLACE_OUTSIDE)
		record_count(&ctx->record->counts.outside);
	if (call->given.port == 0 && sockopt_local(fd, &local))
		call->given.port = local.port;
	complete(ctx, fd, call, EVENT_BIND);
	if (placing == PLACE_PASS && call->v6only)
		connected(ctx, call,
		    record_find_connected(ctx->record, call->cookie, &before)
			? &before
			: NULL);
	else if (placing != PLACE_PASS &&
		 !record_bound(ctx->record, call, exclusive(ctx, fd, call)))
		(void)record_displace(ctx->record, call, portprobe_binding);
	record_event(ctx->record, call);
}

void
trace_connect(const struct lease_ctx *ctx, int fd, struct sockcall *call,
    bool keep, struct connect_undo *undo)
{
	undo->noted = undo->renewed = false;
	if (ctx->record == NULL)
		return;
	complete(ctx, fd, call, EVENT_CONNECT);
	record_event(ctx->record, call);
	undo->renewed =
	    record_find_connected(ctx->record, call->cookie, &undo->before);
	undo->noted = keep || undo->renewed;
	if (undo->noted)
		connected(ctx, call, undo->renewed ? &undo->before : NULL);
}

void
trace_connect_undo(const struct lease_ctx *ctx, const struct sockcall *call,
    struct connect_undo *undo)
{
	if (!undo->noted)
		return;
	undo->before.v6only = call->v6only;
	if (undo->renewed)
		record_connected(ctx->record, &undo->before);
	else if (!call->v6only)
		record_disconnected(ctx->record, call->cookie);
}

void
trace_sent(const struct lease_ctx *ctx, int fd, struct sockcall *call)
{
	struct sockcall before;
	bool found;

	if (ctx->record == NULL)
		return;
	call->cookie = sockopt_cookie(fd);
	found = record_find_connected(ctx->record, call->cookie, &before);
	if (found && endpoint_equal(&before.asked, &call->asked) &&
	    endpoint_equal(&before.given, &call->given))
		return;
	complete(ctx, fd, call, EVENT_CONNECT);
	connected(ctx, call, found ? &before : NULL);
}

void
trace_accepted(const struct lease_ctx *ctx, int fd, struct sockcall *call)
{
	if (ctx->record == NULL)
		return;
	complete(ctx, fd, call, EVENT_ACCEPT);
	record_event(ctx->record, call);
}

void
trace_listening(const struct lease_ctx *ctx)
{
	if (ctx->record != NULL)
		record_listening(ctx->record);
}
