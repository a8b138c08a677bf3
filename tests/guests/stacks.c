/* SPDX-License-Identifier: ISC */
/*
 * Makes calls on stacks of its own and says how many bytes each has used; then
 * on the smallest stacks that programs use, with a forbidden page below; and
 * from vfork children, with a great environment.
 *
 * stacks port
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

enum {
	STACK = 65536,
	PAINT = 0x5a,
	ENTRIES = 40000, /* of the great environment */
	VFORKS = 200,
	MESSAGES = 8
};

static struct sockaddr_in to = { .sin_family = AF_INET };
static char self[PATH_MAX];
static char word[] = "stacks", stop[] = "stop";
static char *const again[] = { word, stop, NULL };

/* --- the calls ------------------------------------------------------------ */

static int
sock(int type)
{
	return socket(AF_INET, type | SOCK_CLOEXEC, 0);
}

static void
call_bind(void)
{
	(void)bind(sock(SOCK_STREAM), (struct sockaddr *)&to, sizeof(to));
}

static void
call_listen(void)
{
	(void)listen(sock(SOCK_STREAM), 1);
}

static void
call_connect(void)
{
	(void)connect(sock(SOCK_STREAM), (struct sockaddr *)&to, sizeof(to));
}

static void
call_sendto(void)
{
	(void)sendto(
	    sock(SOCK_DGRAM), "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
}

static void
call_getsockname(void)
{
	socklen_t len = sizeof(to);
	struct sockaddr_in name;
	int fd = sock(SOCK_STREAM);

	(void)getsockname(fd, (struct sockaddr *)&name, &len);
}

static struct mmsghdr messages[MESSAGES];
static struct iovec text = { word, 1 };

static void
call_sendmmsg(void)
{
	for (size_t i = 0; i < MESSAGES; i++)
		messages[i].msg_hdr = (struct msghdr){ .msg_name = &to,
			.msg_namelen = sizeof(to),
			.msg_iov = &text,
			.msg_iovlen = 1 };
	(void)sendmmsg(sock(SOCK_DGRAM), messages, MESSAGES, 0);
}

static void
call_recvmmsg(void)
{
	(void)recvmmsg(
	    sock(SOCK_DGRAM), messages, MESSAGES, MSG_DONTWAIT, NULL);
}

static void
call_execve(void)
{
	(void)execve("/nowhere", again, environ);
}

static void
call_execvp(void)
{
	(void)execvp("nobody-has-this-name", again);
}

static void
call_execl(void)
{
	(void)execl("/nowhere", word, stop, (char *)NULL);
}

static void
wait_for(pid_t pid)
{
	int status = 0;

	if (waitpid(pid, &status, 0) != pid || status != 0)
		_exit(9);
}

static void
call_posix_spawn(void)
{
	pid_t pid;

	if (posix_spawn(&pid, self, NULL, NULL, again, environ) == 0)
		wait_for(pid);
}

static void
call_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		(void)execve(self, again, environ);
		_exit(8);
	}
	wait_for(pid);
}

static const struct {
	const char *name;
	void (*call)(void);
} calls[] = {
	{ "bind", call_bind },
	{ "listen", call_listen },
	{ "connect", call_connect },
	{ "getsockname", call_getsockname },
	{ "sendto", call_sendto },
	{ "sendmmsg", call_sendmmsg },
	{ "recvmmsg", call_recvmmsg },
	{ "execve", call_execve },
	{ "execvp", call_execvp },
	{ "execl", call_execl },
	{ "posix_spawn", call_posix_spawn },
	{ "vfork and execve", call_vfork },
};

enum { CALLS = sizeof(calls) / sizeof(*calls) };

/* --- how much ------------------------------------------------------------- */

/* A stack of so many bytes with a forbidden page below. */
static char *
guarded(size_t size)
{
	char *p = mmap(NULL, size + 4096, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (p == MAP_FAILED ||
	    mprotect(p + 4096, size, PROT_READ | PROT_WRITE) == -1)
		err(1, "mmap");
	return p + 4096;
}

/* In a child, whose first call it is. */
static void
measure(size_t i)
{
	char *stack = guarded(STACK);
	ucontext_t here, there;
	size_t left = 0;

	memset(stack, PAINT, STACK);
	if (getcontext(&there) == -1)
		err(1, "getcontext");
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = STACK;
	there.uc_link = &here;
	makecontext(&there, calls[i].call, 0);
	if (swapcontext(&here, &there) == -1)
		err(1, "swapcontext");
	while (left < STACK && stack[left] == PAINT)
		left++;
	printf("%s: %zu bytes\n", calls[i].name, STACK - left);
	exit(0);
}

/* --- on little ------------------------------------------------------------ */

static void *
all_calls(void *arg)
{
	for (size_t i = 0; i < CALLS; i++)
		calls[i].call();
	return arg;
}

static void
in_thread(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	if (pthread_attr_init(&attr) != 0 ||
	    pthread_attr_setstacksize(
		&attr, (size_t)sysconf(_SC_THREAD_STACK_MIN)) != 0 ||
	    pthread_create(&thread, &attr, all_calls, NULL) != 0)
		errx(1, "no thread");
	(void)pthread_join(thread, NULL);
}

static void
on_signal(int sig)
{
	(void)sig;
	(void)all_calls(NULL);
}

static void
in_handler(void)
{
	size_t size = (size_t)sysconf(_SC_SIGSTKSZ);
	stack_t st = { .ss_sp = guarded(size), .ss_size = size };
	struct sigaction sa = { .sa_handler = on_signal,
		.sa_flags = SA_ONSTACK };

	if (sigaltstack(&st, NULL) == -1 || sigaction(SIGUSR1, &sa, NULL) == -1)
		err(1, "sigaltstack");
	(void)raise(SIGUSR1);
}

static int
clone_main(void *arg)
{
	(void)arg;
	(void)execve(self, again, environ);
	return 7;
}

/* Shares all memory, and nobody waits for its exec. */
static void
in_clone(void)
{
	enum { SMALL = 4096 };
	char *stack = guarded(SMALL);
	pid_t pid = clone(clone_main, stack + SMALL, CLONE_VM | SIGCHLD, NULL);

	if (pid == -1)
		err(1, "clone");
	wait_for(pid);
}

/* Pages of all mappings: neighbours are one mapping to the kernel. */
static long
pages(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long n = -1;

	if (f == NULL || fscanf(f, "%ld", &n) != 1)
		err(1, "statm");
	(void)fclose(f);
	return n;
}

static void
in_vforks(void)
{
	long before, after;

	call_vfork();
	(void)pages();
	before = pages();
	for (size_t i = 0; i < VFORKS; i++)
		call_vfork();
	after = pages();
	printf("memory after %d vforks: %s\n", VFORKS,
	    after == before ? "as before" : "more");
}

static void
with_much(void)
{
	char **much = calloc(ENTRIES + 1, sizeof(*much));

	for (size_t i = 0; much != NULL && i < ENTRIES; i++)
		if (asprintf(&much[i], "E%zu=", i) == -1)
			err(1, "asprintf");
	environ = much;
	call_vfork();
	call_posix_spawn();
}

static const struct {
	const char *name;
	void (*run)(void);
} places[] = {
	{ "a thread of the smallest size", in_thread },
	{ "a signal stack", in_handler },
	{ "a child that shares memory", in_clone },
	{ "vfork children", in_vforks },
	{ "a great environment", with_much },
};

static void
in_child(const char *name, void (*run)(void))
{
	int status = -1;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		run();
		exit(0);
	}
	(void)waitpid(pid, &status, 0);
	printf("%s: %s %d\n", name, WIFEXITED(status) ? "exited" : "signal",
	    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

int
main(int argc, char **argv)
{
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (argc != 2 || n <= 0)
		errx(2, "usage: stacks port");
	if (strcmp(argv[1], stop) == 0)
		return 0;
	to.sin_port = htons((in_port_t)strtoul(argv[1], NULL, 10));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		in_child(places[i].name, places[i].run);
	for (size_t i = 0; i < CALLS; i++) {
		pid_t pid;

		(void)fflush(stdout);
		pid = fork();
		if (pid == 0)
			measure(i);
		wait_for(pid);
	}
	return 0;
}
