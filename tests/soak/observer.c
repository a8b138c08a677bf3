/* SPDX-License-Identifier: ISC */
/*
 * An independent witness: asks the kernel every few milliseconds for the
 * listeners on 127.0.0.0/8.  Uses nothing of the tools.  A lease has a block of
 * ports of its own from 10000 to 27999, so two such blocks on one /24 are two
 * tenants.
 *
 * On its standard input come the ends of leases, as the tools tell them.  When
 * one says CLEAN, it looks at all TCP and UDP sockets and at the mappings of
 * every process: a socket of that lease's block on its slice, then or later,
 * and a mapping of a record that was removed, contradict the verdict.
 *
 * On SIGTERM it looks a last time, prints what it has seen, and exits 1 if two
 * tenants shared an address, a verdict was contradicted, or a socket is left.
 *
 * observer DIRECTORY, which the state directories are in
 */
#include "look.h"

#include <sys/signalfd.h>

#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	EVERY = 4, /* milliseconds */
	SCAN_EVERY = 50 /* looks, at most, between those at the mappings */
};

static struct sockets before;

static struct {
	unsigned long samples, shared, flickers;
	unsigned long clean, cooling, late, scans;
	unsigned long sockets, mappings; /* contradictions */
	unsigned int most; /* tenants at once */
	bool tenant[LAST + 1];
	bool slice[1 << 16]; /* by the middle 16 bits of the address */
} tally;

/*
 * Which block has a slice, and what became of the lease of a block.  A reaper
 * writes its lines when it exits: what it says of a lease may come after the
 * next one is there.  So its word counts for an orphan alone, and not while
 * the line of one before is still to come.
 */
static struct slice {
	unsigned short lease; /* block + 1; 0 unknown */
	unsigned short awaited; /* lines of reapers, of leases before */
} slices[1 << 16];
static struct {
	bool over, orphan;
} leases[BLOCKS];
static bool fresh; /* a lease has ended since the last look at everything */

static unsigned int
block_of(const struct seen *s)
{
	return (unsigned int)(s->port - FIRST) / BLOCK;
}

/* --- what the tools say --------------------------------------------------- */

static struct slice *
slice_of(uint32_t address)
{
	return &slices[address >> 8 & 0xffff];
}

static void
round_starts(unsigned int block)
{
	leases[block].over = leases[block].orphan = false;
}

static void
orphaned(unsigned int block)
{
	leases[block].orphan = true;
}

/* The lease that had the slice before is over, whether that was told or not. */
static void
leased(uint32_t address, unsigned int port)
{
	struct slice *s = slice_of(address);

	if (s->lease != 0) {
		leases[s->lease - 1].over = true;
		s->awaited++;
	}
	s->lease = 0;
	if (port >= FIRST && port <= LAST)
		s->lease = (unsigned short)((port - FIRST) / BLOCK + 1);
}

static void
freed(uint32_t address, bool clean, bool reaped)
{
	struct slice *s = slice_of(address);

	tally.clean += clean;
	tally.cooling += !clean;
	fresh = true;
	if (s->lease == 0 ||
	    (reaped && (s->awaited > 0 || !leases[s->lease - 1].orphan))) {
		if (s->awaited > 0)
			s->awaited--;
		tally.late++;
		return;
	}
	leases[s->lease - 1].over = true;
	s->lease = 0;
}

/* --- what the kernel says ------------------------------------------------- */

static bool
telling(const struct seen *s)
{
	return s->port >= FIRST && s->port <= LAST && s->address >> 24 == 127;
}

/* Two tellers on one slice; an adopted address is a slice of its own here. */
static bool
quarrel(const struct seen *a, const struct seen *b)
{
	return telling(a) && telling(b) && block_of(a) != block_of(b) &&
	       a->address >> 8 == b->address >> 8;
}

static bool
still_there(const struct seen *s)
{
	for (size_t i = 0; i < sockets_now.n; i++)
		if (sockets_now.list[i].cookie == s->cookie)
			return true;
	return false;
}

/*
 * A dump is no snapshot: one of two may have gone before the other came.  When
 * both are there in a second look, they were there together.
 */
static void
suspect(const struct seen *a, const struct seen *b)
{
	struct seen one = *a, two = *b;

	sockets_listening();
	if (!still_there(&one) || !still_there(&two)) {
		tally.flickers++;
		return;
	}
	tally.shared++;
	printf("observer: 127.%u.%u.%u: tenants %u and %u at once\n",
	    one.address >> 16 & 255, one.address >> 8 & 255, one.address & 255,
	    one.port, two.port);
}

/* A socket of a lease that is over. */
static void
judge(const struct seen *s)
{
	if (!leases[block_of(s)].over || s->inode == 0)
		return;
	tally.sockets++;
	printf("observer: CONTRADICTION: port %u of a lease that is over on "
	       "127.%u.%u.%u, inode %u\n",
	    s->port, s->address >> 16 & 255, s->address >> 8 & 255,
	    s->address & 255, s->inode);
}

static void
sample(void)
{
	unsigned int tenants = 0;

	sockets_listening();
	tally.samples++;
	before = sockets_now;
	for (size_t i = 0; i < before.n; i++) {
		const struct seen *s = &before.list[i];

		if (!telling(s))
			continue;
		tenants++;
		tally.tenant[s->port] = true;
		judge(s);
		tally.slice[s->address >> 8 & 0xffff] = true;
		if (i > 0 && quarrel(&before.list[i - 1], s))
			suspect(&before.list[i - 1], s);
	}
	if (tenants > tally.most)
		tally.most = tenants;
}

/* After the end of a lease. */
static void
look_at_everything(const char *directory)
{
	unsigned int maps;

	tally.scans++;
	fresh = false;
	sockets_all();
	for (size_t i = 0; i < sockets_now.n; i++)
		if (telling(&sockets_now.list[i]))
			judge(&sockets_now.list[i]);
	maps = mappings_removed(directory);
	tally.mappings += maps;
	if (maps > 0)
		printf("observer: CONTRADICTION: %u processes map the record "
		       "of a lease that is over\n",
		    maps);
	fflush(stdout);
}

static unsigned int
left(void)
{
	unsigned int n = 0;

	sockets_all();
	for (size_t i = 0; i < sockets_now.n; i++) {
		const struct seen *s = &sockets_now.list[i];

		if (s->inode == 0)
			continue;
		n++;
		printf("observer: left: %u.%u.%u.%u port %u\n",
		    s->address >> 24, s->address >> 16 & 255,
		    s->address >> 8 & 255, s->address & 255, s->port);
	}
	return n;
}

static unsigned int
count(const bool *flags, size_t n)
{
	unsigned int set = 0;

	for (size_t i = 0; i < n; i++)
		set += flags[i];
	return set;
}

static void
print_tally(unsigned int remain)
{
	printf("observer: %lu looks, %u tenants on %u slices, at most %u at "
	       "once\n",
	    tally.samples, count(tally.tenant, LAST + 1),
	    count(tally.slice, 1 << 16), tally.most);
	printf("observer: %lu addresses with two tenants (%lu flickers), %u "
	       "sockets left\n",
	    tally.shared, tally.flickers, remain);
	printf("observer: %lu CLEAN and %lu COOLING checked (%lu of them told "
	       "late: processes only), %lu looks at everything\n",
	    tally.clean, tally.cooling, tally.late, tally.scans);
	printf("observer: %lu contradictions: %lu sockets, %lu mappings\n",
	    tally.sockets + tally.mappings, tally.sockets, tally.mappings);
}

static void
watch(int end, const char *directory)
{
	static const struct heard heard = { round_starts, orphaned, leased,
		freed };
	struct pollfd pfd = { .fd = end, .events = POLLIN };
	unsigned long scan = 0;

	while (poll(&pfd, 1, EVERY) == 0) {
		words_read(STDIN_FILENO, &heard);
		sample();
		if (fresh && tally.samples >= scan) {
			look_at_everything(directory);
			scan = tally.samples + SCAN_EVERY;
		}
	}
	words_read(STDIN_FILENO, &heard);
	look_at_everything(directory);
}

int
main(int argc, char *argv[])
{
	unsigned int remain;
	sigset_t set;

	if (argc != 2)
		errx(2, "usage: observer DIRECTORY");
	sockets_open();
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	watch(signalfd(-1, &set, SFD_CLOEXEC), argv[1]);
	remain = left();
	print_tally(remain);
	return tally.shared + tally.sockets + tally.mappings + remain > 0;
}
