/* SPDX-License-Identifier: ISC */
/*
 * libseccomp 2.5.4 does not know WAIT_KILLABLE_RECV: it only compiles the
 * program, and seccomp(2) is called here.
 */
#include "trap/filter.h"
#include "sock/bypass.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux 5.19: once it is answered, only a fatal signal interrupts a call. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

enum { INSTRUCTIONS = 256 };

/* What the stub sends beside the listener. */
struct installed {
	int error; /* 0: the filter is installed */
	bool killable;
};

/* Room for one descriptor in a message. */
union control {
	char buf[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

/* Stop a call unless all three words of the mark are there. */
static int
add_call(scmp_filter_ctx ctx, int nr)
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
add_rules(scmp_filter_ctx ctx)
{
	static const int calls[] = { SCMP_SYS(bind), SCMP_SYS(connect),
		SCMP_SYS(listen) };
	int rc;

	rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls) && rc == 0; i++)
		rc = add_call(ctx, calls[i]);
	if (rc == 0)
		rc = seccomp_rule_add(
		    ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(io_uring_setup), 0);
	return rc;
}

/* A file with the rules as instructions; -1 with errno. */
static int
compile(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int fd = memfd_create("portlease filter", MFD_CLOEXEC), rc = -ENOMEM;

	if (ctx != NULL && fd != -1)
		rc = add_rules(ctx);
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
load(const struct sock_fprog *program, bool *killable)
{
	unsigned long flags =
	    SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	long fd;

	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, program);
	*killable = fd != -1;
	if (fd == -1 && errno == EINVAL)
		fd = syscall(
		    SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);
	return (int)fd;
}

/* The listener; -1 with errno. */
static int
install(bool *killable)
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
	fd = load(&program, killable);
	if (fd == -1 && errno == EACCES &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		fd = load(&program, killable);
	return fd;
}

int
filter_install(int channel)
{
	struct installed sent = { 0 };
	int fd = install(&sent.killable);
	union control control = { 0 };
	struct iovec iov = { &sent, sizeof(sent) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t rc;

	sent.error = fd == -1 ? errno : 0;
	if (fd != -1) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	}
	do {
		rc = sendmsg(channel, &msg, MSG_NOSIGNAL);
	} while (rc == -1 && errno == EINTR);
	if (fd != -1)
		close(fd);
	return rc == -1 ? -1 : 0;
}

int
filter_receive(int channel, bool *killable)
{
	struct installed received = { .error = ECONNRESET };
	union control control = { 0 };
	struct iovec iov = { &received, sizeof(received) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf) };
	ssize_t n = recvmsg(channel, &msg, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	int fd = -1;

	if (c != NULL && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	if (fd == -1 && n != -1)
		errno = received.error != 0 ? received.error : EMFILE;
	*killable = received.killable;
	return fd;
}
