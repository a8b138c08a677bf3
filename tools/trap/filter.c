/* SPDX-License-Identifier: ISC */
/*
 * libseccomp 2.5.4 knows nothing of WAIT_KILLABLE_RECV, so it makes the
 * program and seccomp(2) takes it from here.
 */
#include "trap/filter.h"
#include "sock/bypass.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux 5.19: once it is answered, only a fatal signal interrupts a call. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

enum { INSTRUCTIONS = 256 };

/* A call is stopped unless all three words of the mark are there. */
static int
stop(scmp_filter_ctx ctx, int nr)
{
	static const unsigned long mark[BYPASS_WORDS] = { BYPASS_A, BYPASS_B,
		BYPASS_C };
	int rc = 0;

	for (unsigned int i = 0; i < BYPASS_WORDS && rc == 0; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_NOTIFY, nr, 1,
		    SCMP_CMP64(BYPASS_FIRST + i, SCMP_CMP_NE, mark[i], 0));
	return rc;
}

static int
fill(scmp_filter_ctx ctx)
{
	static const int caught[] = { SCMP_SYS(bind), SCMP_SYS(connect),
		SCMP_SYS(listen) };
	int rc;

	rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
	for (size_t i = 0; i < sizeof(caught) / sizeof(*caught) && rc == 0; i++)
		rc = stop(ctx, caught[i]);
	if (rc == 0)
		rc = seccomp_rule_add(
		    ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(io_uring_setup), 0);
	return rc;
}

/* The rules as instructions, in a file; -1 with errno. */
static int
compile(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int fd = memfd_create("portlease net", MFD_CLOEXEC), rc = -ENOMEM;

	if (ctx != NULL && fd != -1)
		rc = fill(ctx);
	if (rc == 0)
		rc = seccomp_export_bpf(ctx, fd);
	seccomp_release(ctx);
	if (rc == 0)
		return fd;
	if (fd != -1)
		close(fd);
	errno = -rc;
	return -1;
}

/* Without SPEC_ALLOW kernels before 5.16 slow the whole program down. */
static int
install(const struct sock_fprog *program, bool *steady)
{
	unsigned long flags =
	    SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	long fd;

	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, program);
	*steady = fd != -1;
	if (fd == -1 && errno == EINVAL)
		fd = syscall(
		    SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);
	return (int)fd;
}

int
filter_install(bool *steady)
{
	struct sock_filter code[INSTRUCTIONS];
	struct sock_fprog program = { .filter = code };
	int file = compile(), fd;
	ssize_t n;

	if (file == -1)
		return -1;
	n = pread(file, code, sizeof(code), 0);
	close(file);
	if (n <= 0)
		return -1;
	program.len = (unsigned short)((size_t)n / sizeof(*code));
	fd = install(&program, steady);
	if (fd == -1 && errno == EACCES &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		fd = install(&program, steady);
	return fd;
}
