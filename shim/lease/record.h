/* SPDX-License-Identifier: ISC */
/*
 * The record: one shared-memory file per lease, created by the monitor,
 * mapped by every image of the lease, read by the tools.
 *
 * It carries the terms to the shim, and three tables to the tools.  Images
 * are the programs that ran in the lease (images.c).  Bindings, as those of a
 * NAT, remember sockets whose asked name arithmetic cannot recover
 * (bindings.c).  Events are the last calls that bound, connected or accepted
 * a socket, in a ring (events.c).  Every slot is a seqlock.  The record is
 * never told of a close: the kernel says, by its cookie, whether a socket is
 * open.
 *
 * No function here allocates, locks, or changes errno; all are
 * async-signal-safe.  Several processes write at once: the tools must treat
 * every field as untrusted.
 */
#ifndef RECORD_H
#define RECORD_H

#include "lease/seqlock.h"
#include "lease/slice.h"

#include <sys/types.h>

#define RECORD_MAGIC   0x31657361656c7470ULL /* "ptlease1" */
#define RECORD_VERSION 11U

enum {
	RECORD_IMAGES = 512,
	RECORD_BOUND = 1024, /* a power of two */
	RECORD_CONNECTED = 256, /* a power of two */
	RECORD_EVENTS = 1536,
	IMAGE_PATH = 112,
	RECORD_COMMAND = 256,
	RECORD_NAME = 64
};

/* What an image is, or why the shim cannot be in it. */
enum {
	IMAGE_ENTERED = 1, /* its constructor ran */
	IMAGE_STATIC = 2, /* no program interpreter: ld.so never runs */
	IMAGE_SETUID = 4, /* gains another user by it, and so on */
	IMAGE_ALIEN = 8, /* another ELF class or machine */
	IMAGE_FORKED = 16, /* a fork that has not called exec */
	IMAGE_TRAPPED = 32, /* the filter of --trap is below it */
	IMAGE_SETGID = 64,
	IMAGE_CAPABLE = 128, /* file capabilities, capabilities(7) */
	IMAGE_NO_SHIM = 256, /* its root (chroot(2)) does not show the shim */
	IMAGE_NO_RECORD = 512 /* or the record; or that cannot be written */
};

#define IMAGE_FLAGS (2U * IMAGE_NO_RECORD - 1)

/* The flags of an image that the shim is not in. */
#define IMAGE_UNCOVERED                                                        \
	(IMAGE_STATIC | IMAGE_SETUID | IMAGE_SETGID | IMAGE_CAPABLE |          \
	    IMAGE_ALIEN | IMAGE_NO_SHIM | IMAGE_NO_RECORD)

/* Does neither the shim nor the filter of --trap see what this image does? */
static inline bool
image_uncovered(uint32_t flags)
{
	return (flags & IMAGE_UNCOVERED) && !(flags & IMAGE_TRAPPED);
}

struct image {
	_Atomic uint32_t seq;
	uint32_t flags; /* IMAGE_* */
	int32_t pid; /* as its own pid namespace counts */
	uint64_t start; /* field 22 of proc_pid_stat(5), ticks */
	uint64_t pidns; /* inode of its pid namespace, 0 unknown */
	char path[IMAGE_PATH]; /* NUL-terminated, cut at the front */
};

enum event_call { EVENT_BIND = 1, EVENT_CONNECT, EVENT_ACCEPT };

/* A call that named a socket: what bindings and events keep of it. */
struct sockcall {
	uint64_t cookie; /* SO_COOKIE, 0 unknown */
	uint64_t when; /* CLOCK_MONOTONIC, nanoseconds */
	int32_t pid; /* of the caller */
	uint16_t image; /* index in images, or RECORD_IMAGES */
	uint8_t call; /* enum event_call */
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	struct endpoint asked;
	struct endpoint given; /* with the real port */
	uint8_t v6only; /* IPV6_V6ONLY as the program set it */
};

struct binding {
	_Atomic uint32_t seq;
	uint8_t valid; /* 0: dropped, its slot may be reused */
	struct sockcall call;
};

struct event {
	_Atomic uint64_t seq; /* 0: free; of event n: 2n+1 until 2n+2 */
	struct sockcall call;
};

/* The maker of the lease; boot id and the two start times defeat pid reuse. */
struct identity {
	char boot[40]; /* /proc/sys/kernel/random/boot_id */
	uint64_t netns; /* inode of the network namespace */
	uint64_t pidns; /* inode of the monitor's pid namespace */
	int32_t monitor; /* pid */
	int32_t owner; /* pid, 0 nobody */
	uint64_t start; /* of the monitor, ticks */
	uint64_t owner_start; /* of the owner, ticks */
	int32_t command; /* pid, 0 before it exists or without one */
	uint64_t command_start;
	uint64_t since; /* CLOCK_MONOTONIC, nanoseconds */
	uint64_t until; /* when the grace of ending is over, 0 not ending */
	uint64_t grace; /* of ending, milliseconds */
	char line[RECORD_COMMAND]; /* the command, for people */
	char name[RECORD_NAME]; /* of the lease, "" none */
};

enum { RECORD_REPORT = 4096 };

/* From a monitor to every `portlease release` that asked it to end. */
struct release {
	_Atomic uint32_t done; /* 1: the rest is written */
	uint32_t freed;
	uint32_t leaked; /* exit status of release, 0 without a leak */
	char report[RECORD_REPORT]; /* lines for people */
};

/* What did not fit or could not be seen, counted exactly. */
struct counts {
	_Atomic uint64_t events; /* indexes given out; the ring has the last */
	_Atomic uint64_t passed; /* indexes that could not be used */
	_Atomic uint64_t images; /* images that found no slot */
	_Atomic uint64_t bindings; /* bindings that found no slot */
	_Atomic uint64_t outside; /* declared ports bound outside the lease */
	_Atomic uint64_t uncovered; /* images that the shim cannot enter */
	_Atomic uint64_t connected; /* bindings in connected ever written */
};

struct record {
	uint64_t magic;
	uint32_t version;
	uint32_t size; /* sizeof(struct record) */
	struct terms terms;
	struct identity identity;
	_Atomic uint32_t listens; /* futex: one more per successful listen */
	_Atomic uint32_t waiters; /* processes that wait on it */
	_Atomic uint32_t over; /* 1: freed; its processes bind nothing more */
	struct counts counts;
	struct release release;
	struct image images[RECORD_IMAGES];
	struct binding bound[RECORD_BOUND]; /* by port */
	struct binding connected[RECORD_CONNECTED]; /* by cookie */
	struct event events[RECORD_EVENTS];
	uint64_t end; /* RECORD_MAGIC: a file that was cut has lost it */
};

_Static_assert(sizeof(struct record) <= 512 * 1024, "a lease costs too much");

/* Is this mapping of size bytes a record that may be used at all? */
bool record_valid(const struct record *r, size_t size);

/*
 * Copy the terms; false when the copy makes no sense.  Only a copy stays as it
 * was judged: others may be writing.
 */
bool record_terms(const struct record *r, struct terms *t);

/* Note a successful listen and wake those who wait for it. */
void record_listening(struct record *r);

static inline void
record_count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/*
 * Write the image that image->pid, ->start and ->pidns name: over its old
 * slot when it has one, else into a free one.  Slots of processes that are
 * gone are taken over only when no free one is near.  Returns its index;
 * RECORD_IMAGES when the table is full, which is counted.
 */
uint16_t record_image(struct record *r, const struct image *image);

/*
 * Remember how a socket was bound.  A binding with the same protocol, given
 * end and asked name is renewed in place.  With exclusive, no older socket can
 * still hold the port, and the other bindings of the given end are dropped.
 * False when there is no room near the port.
 */
bool record_bound(
    struct record *r, const struct sockcall *call, bool exclusive);

/*
 * The same where there was no room: over a binding nearby whose port is free
 * again, as `taken` says.  All others of that kind are dropped at once, or
 * other threads would have used up the room by the next time.  A binding that
 * still finds no room is counted.
 */
bool record_displace(struct record *r, const struct sockcall *call,
    bool (*taken)(const struct sockcall *));

/* Remember how a socket was connected; the oldest one nearby gives way. */
void record_connected(struct record *r, const struct sockcall *call);

/* Forget how the socket with this cookie was connected. */
void record_disconnected(struct record *r, uint64_t cookie);

/*
 * Find how the socket at this given end was bound, and copy it.  Where
 * several sockets share the end under different asked names, cookie decides;
 * with cookie 0 the result is then LOOKUP_AMBIGUOUS, and the caller asks the
 * kernel for the cookie.  protocol 0 stands for any.
 */
enum lookup { LOOKUP_NONE, LOOKUP_ONE, LOOKUP_AMBIGUOUS };
enum lookup record_find(const struct record *r, const struct endpoint *given,
    uint8_t protocol, uint64_t cookie, struct sockcall *call);

/* Find how the socket with this cookie was connected. */
bool record_find_connected(
    const struct record *r, uint64_t cookie, struct sockcall *call);

/*
 * Append to the ring.  A slot whose last writer is still at it (or was killed
 * there) is passed over, so that two writers never mix; so is one that other
 * writers have overtaken by a whole round.
 */
void record_event(struct record *r, const struct sockcall *call);

/*
 * A copy of event n (from counts.events - 1 downwards, RECORD_EVENTS of them);
 * false when it was overwritten or is not finished.
 */
bool record_read_event(
    const struct record *r, uint64_t n, struct sockcall *call);

/* How many events there were, exactly. */
uint64_t record_event_count(const struct record *r);

#endif
