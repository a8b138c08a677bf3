/* SPDX-License-Identifier: ISC */
/* Records as files, and directories that may be attacked. */
#include "top.h"

#include "kernel/addrlock.h"
#include "store/history.h"
#include "store/records.h"
#include "store/store.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IP = 0x7f500301, NETNS = 77 };

static const struct terms terms = {
	.leased = IP, .nports = 1, .ports = { { 80, 80 } }
};

static int
count(const struct statedir *dir, struct stored *s, void *arg)
{
	(void)dir;
	cr_expect_eq(s->ip, IP);
	++*(int *)arg;
	return 0;
}

static void
publish(const struct statedir *dir, struct stored *s)
{
	cr_assert_eq(store_create(dir, &terms, NETNS, s), 0);
	s->record->magic = s->record->end = RECORD_MAGIC;
	s->record->version = RECORD_VERSION;
	s->record->size = sizeof(struct record);
	cr_assert_eq(store_publish(dir, s), 0);
}

Test(store, a_record_appears_complete_and_vanishes, .init = top_make,
    .fini = top_remove)
{
	struct statedir dir;
	struct stored s, again;
	int n = 0;

	cr_assert_eq(statedir_open(&dir), 0);
	cr_expect_not(store_has(&dir, IP, NETNS));
	publish(&dir, &s);
	cr_expect(store_has(&dir, IP, NETNS));
	cr_expect_eq(records_each(NETNS, count, &n), 0);
	cr_expect_eq(n, 1);
	(void)records_each(NETNS + 1, count, &n);
	cr_expect_eq(n, 1);
	store_map(&dir, s.name, STORE_READ, &again);
	cr_expect_eq(again.error, 0);
	cr_expect_not_null(again.record);
	store_unmap(&again);
	store_unmap(&s);
	cr_expect_eq(store_remove(&dir, &s, false), 0);
	cr_expect_not(store_has(&dir, IP, NETNS));
	close(dir.fd);
}

Test(store, a_short_record_is_unreadable, .init = top_make, .fini = top_remove)
{
	struct statedir dir;
	struct stored s, again;

	cr_assert_eq(statedir_open(&dir), 0);
	publish(&dir, &s);
	store_unmap(&s);
	cr_assert_eq(truncate(s.path, 100), 0);
	store_map(&dir, s.name, STORE_READ, &again);
	cr_expect_eq(again.error, EBADMSG);
	cr_expect_null(again.record);
	close(dir.fd);
}

Test(store, a_link_is_no_record, .init = top_make, .fini = top_remove)
{
	struct statedir dir;
	struct stored s, again;

	cr_assert_eq(statedir_open(&dir), 0);
	publish(&dir, &s);
	store_unmap(&s);
	cr_assert_eq(renameat(dir.fd, s.name, dir.fd, "elsewhere"), 0);
	cr_assert_eq(symlinkat("elsewhere", dir.fd, s.name), 0);
	store_map(&dir, s.name, STORE_READ, &again);
	cr_expect_eq(again.error, ELOOP);
	close(dir.fd);
}

Test(statedir, is_closed_to_others, .init = top_make, .fini = top_remove)
{
	struct statedir dir;

	cr_assert_eq(chmod(top, 0755), 0);
	cr_expect_eq(statedir_open(&dir), -1);
	cr_expect_eq(errno, EPERM);
	cr_assert_eq(chmod(top, 0700), 0);
	cr_expect_eq(statedir_open(&dir), 0);
	close(dir.fd);
}

Test(statedir, is_no_link, .init = top_make, .fini = top_remove)
{
	struct statedir dir;
	char link[80];

	(void)snprintf(link, sizeof(link), "%s/link", top);
	cr_assert_eq(symlink(top, link), 0);
	cr_assert_eq(setenv("PORTLEASE_DIR", link, 1), 0);
	cr_expect_eq(statedir_open(&dir), -1);
}

Test(history, the_longest_unused_comes_first, .init = top_make,
    .fini = top_remove)
{
	static unsigned char tried[POOL_SLICES];
	struct statedir dir;
	struct history *h;

	cr_assert_eq(statedir_open(&dir), 0);
	h = history_open(&dir, NETNS);
	cr_assert_not_null(h);
	for (size_t i = 0; i < POOL_SLICES; i++)
		if (i != 5)
			history_note(h, i, false);
	cr_expect_eq(history_oldest(h, tried, 100), 5U);
	memset(tried, 1, sizeof(tried));
	cr_expect_eq(history_oldest(h, tried, 0), (size_t)POOL_SLICES);
	history_close(h);
	close(dir.fd);
}

Test(addrlock, has_one_holder)
{
	uint32_t ip = 0x7f000000U | (uint32_t)(getpid() & 0xffff) << 4 | 3;
	int fd = addrlock_take(ip);

	cr_assert_neq(fd, -1);
	cr_expect(addrlock_held(ip));
	cr_expect_eq(addrlock_take(ip), -1);
	cr_expect_eq(errno, EADDRINUSE);
	close(fd);
	cr_expect_not(addrlock_held(ip));
	cr_expect_eq(addrlock_address(0x7f500301), 0x7f5003ffU);
	cr_expect_eq(addrlock_address(0x7f000005), 0x7f000005U);
}

/* A clean release at a time in milliseconds, as history.c keeps it. */
static void
write_release(size_t slice, uint64_t when)
{
	char path[96];
	uint64_t word = when << 1 | 1;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/history-%d", top, NETNS);
	fd = open(path, O_RDWR);
	cr_assert_neq(fd, -1);
	cr_assert_eq(
	    pwrite(fd, &word, sizeof(word), (off_t)(64 + slice * sizeof(word))),
	    sizeof(word));
	close(fd);
}

Test(history, a_clean_one_that_rested_needs_no_walk, .init = top_make,
    .fini = top_remove)
{
	static unsigned char tried[POOL_SLICES];
	struct statedir dir;
	struct history *h;

	cr_assert_eq(statedir_open(&dir), 0);
	h = history_open(&dir, NETNS);
	cr_assert_not_null(h);
	write_release(9, UINT64_MAX >> 2); /* it never rests */
	cr_expect_eq(history_oldest(h, tried, 8), 8U);
	write_release(9, 0);
	cr_expect_eq(history_oldest(h, tried, 8), 9U);
	tried[9] = 1;
	cr_expect_eq(history_oldest(h, tried, 8), 8U);
	history_close(h);
}
