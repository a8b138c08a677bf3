/* SPDX-License-Identifier: ISC */
/*
 * What /proc says: the parsers fed with rows, the rest with processes of our
 * own that are odd in one way each.
 */
#include "kernel/procfs.h"
#include "kernel/holders.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOBODY 65534

#define TAIL                                                                   \
	" S 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 "                    \
	"18446744073709551615 21"

/* A child, and the pipe whose end keeps it waiting. */
struct child {
	pid_t pid;
	int leash;
};

static void
end(struct child child)
{
	kill(child.pid, SIGKILL);
	waitpid(child.pid, NULL, 0);
	close(child.leash);
}

/* Forks; the child gets 0 as pid, and the pipe's end to read. */
static struct child
spawn(void)
{
	struct child child;
	int fds[2];

	cr_assert_eq(pipe(fds), 0);
	child.pid = fork();
	cr_assert_geq(child.pid, 0);
	child.leash = fds[child.pid != 0];
	close(fds[child.pid == 0]);
	return child;
}

/*
 * execve(2) closes descriptors before the new program has its arguments; no
 * event tells when it has.
 */
static void
await_arguments(pid_t pid)
{
	char path[32], c;
	ssize_t n = 0;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	for (int i = 0; i < 10000 && n == 0; i++) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		cr_assert_neq(fd, -1);
		n = read(fd, &c, 1);
		close(fd);
		if (n == 0)
			(void)poll(NULL, 0, 1);
	}
	cr_assert_eq(n, 1);
}

/* Runs a program that waits on its leash, and returns when it runs. */
static struct child
run(char *const argv[], char *const envp[])
{
	struct child child;
	int exec[2];
	char c;

	cr_assert_eq(pipe2(exec, O_CLOEXEC), 0);
	child = spawn();
	if (child.pid == 0) {
		dup2(child.leash, 0);
		execve(argv[0], argv, envp);
		_exit(127);
	}
	close(exec[1]);
	cr_assert_eq(read(exec[0], &c, 1), 0);
	close(exec[0]);
	await_arguments(child.pid);
	return child;
}

static struct child
shell(char *arg, char *const envp[])
{
	char *argv[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" },
		(char[]){ "read x" }, arg, NULL };

	return run(argv, envp);
}

static char *no_environ[] = { NULL };

/* The status of a check that runs as somebody without privileges. */
static int
unprivileged(int (*check)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		/* Group 0 is exempt from hidepid. */
		if (getuid() == 0 &&
		    (setgroups(0, NULL) != 0 ||
			setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
			setresuid(NOBODY, NOBODY, NOBODY) != 0))
			_exit(99);
		_exit(check());
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

Test(procfs, a_comm_may_hold_anything)
{
	static const struct row {
		const char *text, *comm;
	} rows[] = {
		{ "1 (cat)" TAIL, "cat" },
		{ "1 ()" TAIL, "" },
		{ "1 (a b) R 9 9)" TAIL, "a b) R 9 9" },
		{ "1 (((()" TAIL, "(((" },
		{ "1 (a\nb\033[m)" TAIL, "a?b?[m" },
	};
	struct procfs_stat stat;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cr_assert_eq(procfs_parse_stat(rows[i].text, &stat), 0);
		cr_expect_str_eq(stat.comm, rows[i].comm);
		cr_expect_eq(stat.pid, 1);
		cr_expect_eq(stat.state, 'S');
		cr_expect_eq(stat.ppid, 2);
		cr_expect_eq(stat.threads, 18);
		cr_expect_eq(stat.start, UINT64_MAX);
	}
}

Test(procfs, one_on_its_way_out_is_dying)
{
	static const struct row {
		const char *text;
		bool dying;
	} rows[] = {
		{ "1 (x) R 2 3 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9", false },
		{ "1 (x) R 2 3 3 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 9", true },
		{ "1 (x) Z 2 3 3 0 -1 4 0 0 0 0 0 0 0 0 20 0 2 0 9", false },
		{ "1 (x) Z 2 3 3 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 9", true },
	};
	struct procfs_stat stat;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cr_assert_eq(procfs_parse_stat(rows[i].text, &stat), 0);
		cr_expect_eq(
		    procfs_dying(&stat), rows[i].dying, "%s", rows[i].text);
	}
}

Test(procfs, a_long_comm_is_cut)
{
	struct procfs_stat stat;
	char text[512];

	(void)snprintf(text, sizeof(text), "1 (%0200d)" TAIL, 0);
	cr_assert_eq(procfs_parse_stat(text, &stat), 0);
	cr_expect_eq(strlen(stat.comm), sizeof(stat.comm) - 1);
}

Test(procfs, a_broken_stat_is_refused)
{
	static const char *const rows[] = { "", "1", "1 (", "1 )(", "1 (x)",
		"(x)" TAIL, "x (x)" TAIL, "1 (x) S 2 3", "1 (x" };
	struct procfs_stat stat;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		errno = 0;
		cr_expect_eq(
		    procfs_parse_stat(rows[i], &stat), -1, "%s", rows[i]);
		cr_expect_eq(errno, EBADMSG);
	}
}

Test(procfs, status_shows_the_innermost_pid)
{
	static const char text[] = "Name:\tTgid: 1\nUmask:\t0022\nTgid:\t10\n"
				   "Pid:\t11\nPPid:\t9\nTracerPid:\t7\n"
				   "Uid:\t1000\t1001\t1002\t1003\n";
	struct procfs_status status;
	char more[256];

	cr_assert_eq(procfs_parse_status(text, &status), 0);
	cr_expect_eq(status.tgid, 10);
	cr_expect_eq(status.tracer, 7);
	cr_expect_eq(status.uid, 1000);
	cr_expect_eq(status.euid, 1001);
	cr_expect_eq(status.inner, 11);
	cr_expect_eq(status.pending, 0);
	(void)snprintf(more, sizeof(more),
	    "%sNSpid:\t11\t5\t2\nSigPnd:\t0000000000000100\n"
	    "ShdPnd:\t0000000000004000\n",
	    text);
	cr_assert_eq(procfs_parse_status(more, &status), 0);
	cr_expect_eq(status.inner, 2);
	cr_expect_eq(status.pending, 0x4100);
	cr_expect_eq(procfs_parse_status("Tgid:\t1\n", &status), -1);
	cr_expect_eq(procfs_parse_status("", &status), -1);
}

Test(procfs, mountinfo_says_who_hides)
{
	static const struct row {
		const char *line;
		int hides;
	} rows[] = {
		{ "22 1 0:20 / /proc rw,nosuid - proc proc rw", 0 },
		{ "22 1 0:20 / /proc rw shared:5 - proc proc rw\n", 0 },
		{ "22 1 0:20 / /proc rw - proc proc rw,hidepid=2", 1 },
		{ "22 1 0:20 / /proc rw - proc x rw,hidepid=invisible\n", 1 },
		{ "22 1 0:20 / /proc rw - proc x gid=4,hidepid=ptraceable", 1 },
		{ "22 1 0:20 / /proc rw - tmpfs tmpfs rw", 1 },
		{ "22 1 0:20 / /proc/sys rw - proc proc rw,hidepid=2", -1 },
		{ "22 1 0:20 / /process rw - proc proc rw,hidepid=2", -1 },
		{ "22 1 0:20 / / rw - ext4 /dev/vda rw", -1 },
		{ "22 1 0:20 / /proc rw", -1 },
		{ "", -1 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		cr_expect_eq(procfs_parse_mount(rows[i].line), rows[i].hides,
		    "%s", rows[i].line);
}

Test(procfs, knows_ourselves)
{
	struct procfs_status status;
	struct procfs_stat stat;

	cr_assert_eq(procfs_stat(getpid(), &stat), 0);
	cr_expect_eq(stat.pid, getpid());
	cr_expect_eq(stat.ppid, getppid());
	cr_expect_eq(stat.state, 'R');
	cr_expect_gt(stat.start, 0);
	cr_assert_eq(procfs_status(getpid(), &status), 0);
	cr_expect_eq(status.tgid, getpid());
	cr_expect_eq(status.inner, getpid());
	cr_expect_eq(status.uid, getuid());
	cr_expect_eq(status.euid, geteuid());
}

Test(procfs, a_process_that_is_gone_is_ESRCH)
{
	struct child child = spawn();
	struct procfs_status status;
	struct procfs_stat stat;
	uint32_t *inodes;
	char line[64];

	if (child.pid == 0)
		pause();
	end(child);
#define GONE(call)                                                             \
	do {                                                                   \
		errno = 0;                                                     \
		cr_expect_eq(call, -1, #call);                                 \
		cr_expect_eq(errno, ESRCH, #call);                             \
	} while (0)
	GONE(procfs_stat(child.pid, &stat));
	GONE(procfs_status(child.pid, &status));
	GONE(procfs_cmdline(child.pid, line, sizeof(line)));
	GONE(procfs_environ_has(child.pid, "A=", "b"));
	GONE(procfs_sockets(child.pid, &inodes));
	GONE(procfs_pidfd(child.pid, 1));
	GONE(procfs_stat(-1, &stat));
#undef GONE
}

Test(procfs, a_command_line_is_one_fit_line)
{
	struct child child =
	    shell((char[]){ "a\033[1m\n\xff \xc3\xbc" }, no_environ);
	char line[128];

	cr_expect_eq(procfs_cmdline(child.pid, line, sizeof(line)), 0);
	cr_expect_str_eq(line, "/bin/sh -c read x a?[1m?? \xc3\xbc");
	end(child);
}

Test(procfs, a_command_line_that_is_cut_says_so)
{
	struct child child =
	    shell((char[]){ "\xc3\xbc\xc3\xbc\xc3\xbc" }, no_environ);
	char line[64];

	/* "/bin/sh -c read x " is 18 long. */
	cr_expect_eq(procfs_cmdline(child.pid, line, 25), 0);
	cr_expect_str_eq(line, "/bin/sh -c read x \xc3\xbc\xc3\xbc\xc3\xbc");
	cr_expect_eq(procfs_cmdline(child.pid, line, 24), 0);
	cr_expect_str_eq(line, "/bin/sh -c read x \xc3\xbc...");
	cr_expect_eq(procfs_cmdline(child.pid, line, 23), 0);
	cr_expect_str_eq(line, "/bin/sh -c read x ...");
	cr_expect_eq(procfs_cmdline(child.pid, line, 4), 0);
	cr_expect_str_eq(line, "...");
	cr_expect_eq(procfs_cmdline(child.pid, line, 3), -1);
	cr_expect_eq(errno, ENOSPC);
	end(child);
}

Test(procfs, a_huge_command_line_is_cut)
{
	static char arg[10000], line[20000];
	struct child child;
	size_t len;

	memset(arg, 'x', sizeof(arg) - 1);
	child = shell(arg, no_environ);
	cr_expect_eq(procfs_cmdline(child.pid, line, sizeof(line)), 0);
	len = strlen(line);
	cr_expect_gt(len, 4000);
	cr_expect_lt(len, 4200);
	cr_expect_str_eq(line + len - 4, "x...");
	end(child);
}

Test(procfs, a_zombie_has_its_name_in_brackets)
{
	uint32_t *inodes;
	struct child child = shell((char[]){ "x" }, no_environ);
	siginfo_t info;
	char line[32];

	kill(child.pid, SIGKILL);
	cr_assert_eq(
	    waitid(P_PID, (id_t)child.pid, &info, WEXITED | WNOWAIT), 0);
	cr_expect_eq(procfs_cmdline(child.pid, line, sizeof(line)), 0);
	cr_expect_str_eq(line, "[sh]");
	cr_expect_eq(procfs_environ_has(child.pid, "A=", "b"), 0);
	cr_expect_eq(procfs_sockets(child.pid, &inodes), 0);
	free(inodes);
	end(child);
}

/* The last entry lies across the pieces that the search reads. */
Test(procfs, an_environ_entry_is_found_whole_or_not_at_all)
{
	static char big[4096 + 4096 - 24] = "BIG=";
	static const struct row {
		const char *name, *value;
		int has;
	} rows[] = {
		{ "LEASE=", "127.1.2.3", 1 },
		{ "LEASE=", "127.1.2", 0 },
		{ "LEASE=", "127.1.2.33", 0 },
		{ "LEASE=", "", 0 },
		{ "EASE=", "127.1.2.3", 0 },
		{ "EMPTY=", "", 1 },
		{ "LAST=", "across", 1 },
		{ "LAST=", "acros", 0 },
		{ "OTHER=", "LEASE=x", 1 },
		{ "LEASE=", "x", 0 },
	};
	char *env[] = { (char[]){ "OTHER=LEASE=x" }, big,
		(char[]){ "LEASE=127.1.2.3" }, (char[]){ "EMPTY=" },
		(char[]){ "LAST=across" }, NULL };
	struct child child;
	size_t i;

	memset(big + 4, 'y', sizeof(big) - 5);
	child = shell((char[]){ "x" }, env);
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		cr_expect_eq(
		    procfs_environ_has(child.pid, rows[i].name, rows[i].value),
		    rows[i].has, "%s%s", rows[i].name, rows[i].value);
	end(child);
}

static int
new_socket(uint32_t *inode)
{
	struct stat st;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(fstat(fd, &st), 0);
	*inode = (uint32_t)st.st_ino;
	return fd;
}

/* How many descriptors of the process are this socket. */
static int
count_sockets(pid_t pid, uint32_t inode)
{
	uint32_t *inodes;
	ssize_t n = procfs_sockets(pid, &inodes);
	int found = 0;

	cr_assert_geq(n, 0);
	for (ssize_t i = 0; i < n; i++)
		found += inodes[i] == inode;
	free(inodes);
	return found;
}

Test(procfs, finds_the_sockets_of_a_process)
{
	uint32_t inode;
	int fd = new_socket(&inode), copy = dup(fd);

	cr_expect_eq(count_sockets(getpid(), inode), 2);
	close(copy);
	cr_expect_eq(count_sockets(getpid(), inode), 1);
	close(fd);
	cr_expect_eq(count_sockets(getpid(), inode), 0);
}

/* Ours, a child's alone, and nobody's. */
Test(holders, each_socket_has_its_first_holder)
{
	uint32_t inodes[4] = { 0 };
	struct holder holders[4];
	int ours = new_socket(&inodes[0]), theirs = new_socket(&inodes[1]);
	struct child child = spawn();
	time_t deadline = time(NULL) + 10;
	char line[HOLDER_LINE];

	if (child.pid == 0) {
		close(ours);
		pause();
	}
	close(theirs);
	inodes[2] = UINT32_MAX;
	memset(holders, 0x55, sizeof(holders));
	while (count_sockets(child.pid, inodes[0]) > 0 && time(NULL) < deadline)
		sched_yield();
	holders_find(inodes, holders, 4);
	cr_expect_eq(holders[0].pid, getpid());
	cr_expect_eq(holders[1].pid, child.pid);
	cr_expect_eq(holders[2].pid, 0);
	cr_expect_eq(holders[3].pid, 0);
	cr_expect_eq(procfs_cmdline(child.pid, line, sizeof(line)), 0);
	cr_expect_str_eq(holders[1].line, line);
	end(child);
	close(ours);
}

static int
others_sockets(void)
{
	struct procfs_status status;
	pid_t other = getppid();
	uint32_t *inodes;

	/* As root, the test itself; else pid 1, where that is another's. */
	if (procfs_status(other, &status) < 0 || status.uid == getuid())
		other = 1;
	if (procfs_status(other, &status) < 0 || status.uid == getuid())
		return 0;
	if (procfs_sockets(other, &inodes) != -1 || errno != EACCES)
		return 1;
	if (procfs_environ_has(other, "A=", "b") != -1 || errno != EACCES)
		return 2;
	return 0;
}

Test(procfs, another_users_process_is_EACCES)
{
	cr_expect_eq(unprivileged(others_sockets), 0);
}

static int leash;

static void *
linger(void *arg)
{
	char c;

	(void)arg;
	(void)!read(leash, &c, 1);
	_exit(0);
}

static void
leave_a_thread(int fd)
{
	pthread_t thread;

	leash = fd;
	if (pthread_create(&thread, NULL, linger, NULL) != 0)
		_exit(1);
	pthread_exit(NULL);
}

/* No event tells that a leader alone has ended: look, for a bounded time. */
static bool
leader_ends(pid_t pid)
{
	struct procfs_stat stat = { .state = 'R' };
	time_t deadline = time(NULL) + 10;

	while (procfs_stat(pid, &stat) == 0 && stat.state != 'Z' &&
	       time(NULL) < deadline)
		sched_yield();
	return stat.state == 'Z' && stat.threads > 1;
}

Test(procfs, a_dead_leader_hides_neither_sockets_nor_environ)
{
	struct child child;
	uint32_t inode;
	int fd = new_socket(&inode);
	char line[64], own[64];

	child = spawn();
	if (child.pid == 0)
		leave_a_thread(child.leash);
	cr_assert(leader_ends(child.pid));
	cr_expect_eq(count_sockets(child.pid, inode), 1);
	cr_expect_eq(procfs_environ_has(child.pid, "PATH=", getenv("PATH")), 1);
	cr_expect_eq(procfs_environ_has(child.pid, "PATH=", "/nowhere"), 0);
	cr_expect_eq(procfs_cmdline(child.pid, line, sizeof(line)), 0);
	cr_expect_eq(procfs_cmdline(getpid(), own, sizeof(own)), 0);
	cr_expect_str_eq(line, own);
	end(child);
	close(fd);
}

Test(procfs, each_process_is_seen_once)
{
	pid_t *pids;
	ssize_t n = procfs_pids(&pids);
	int found = 0;

	for (ssize_t i = 0; i < n; i++)
		found += pids[i] == getpid() || pids[i] == getppid();
	cr_expect_eq(found, 2);
	free(pids);
}

/* A corpse is listed, but does not live; nor does a pid's next process. */
Test(procfs, knows_the_living)
{
	struct child child = spawn();
	struct procfs_stat stat;
	siginfo_t info;

	if (child.pid == 0)
		pause();
	cr_assert_eq(procfs_stat(child.pid, &stat), 0);
	cr_expect(procfs_alive(child.pid, stat.start));
	cr_expect_not(procfs_alive(child.pid, stat.start + 1));
	kill(child.pid, SIGKILL);
	cr_assert_eq(
	    waitid(P_PID, (id_t)child.pid, &info, WEXITED | WNOWAIT), 0);
	cr_expect_eq(procfs_stat(child.pid, &stat), 0);
	cr_expect(procfs_dead(&stat));
	cr_expect_not(procfs_alive(child.pid, stat.start));
	end(child);
}

Test(procfs, a_list_holds_us_and_our_child)
{
	struct child child = spawn();
	struct procfs_stat *list = NULL;
	ssize_t i, n;
	int found = 0;

	if (child.pid == 0)
		pause();
	n = procfs_list(&list);
	cr_assert_gt(n, 2);
	for (i = 0; i < n; i++) {
		cr_expect(i == 0 || list[i].pid > list[i - 1].pid);
		found += list[i].pid == getpid();
		found += list[i].pid == child.pid && list[i].ppid == getpid();
	}
	cr_expect_eq(found, 2);
	free(list);
	end(child);
}

Test(procfs, a_pidfd_is_of_that_very_process)
{
	struct child child = spawn();
	struct procfs_stat stat;
	int fd;

	if (child.pid == 0)
		pause();
	cr_assert_eq(procfs_stat(child.pid, &stat), 0);
	fd = procfs_pidfd(child.pid, stat.start);
	cr_assert_geq(fd, 0);
	cr_expect_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	errno = 0;
	cr_expect_eq(procfs_pidfd(child.pid, stat.start + 1), -1);
	cr_expect_eq(errno, ESRCH);
	end(child);
}

Test(procfs, identity_is_known_and_stays)
{
	char id[PROCFS_BOOT_ID], again[PROCFS_BOOT_ID];
	uint64_t net = 0, pid = 0;

	cr_assert_eq(procfs_boot_id(id), 0);
	cr_assert_eq(procfs_boot_id(again), 0);
	cr_expect_str_eq(id, again);
	cr_expect_eq(id[8], '-');
	cr_expect_eq(strlen(id), PROCFS_BOOT_ID - 1);
	cr_expect_eq(procfs_namespace("net", &net), 0);
	cr_expect_eq(procfs_namespace("pid", &pid), 0);
	cr_expect_neq(net, pid);
	cr_expect_eq(procfs_namespace("none", &pid), -1);
	cr_expect_eq(errno, ENOENT);
}

static int
hidden(void)
{
	struct procfs_stat stat;

	if (!procfs_hidden())
		return 1;
	return procfs_stat(1, &stat) == -1 && errno == ESRCH ? 0 : 2;
}

/* In a mount namespace of its own, where that is allowed. */
static int
behind_hidepid(void)
{
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("proc", "/proc", "proc", 0, "hidepid=2") != 0)
		return 0;
	if (procfs_hidden())
		return 3;
	return unprivileged(hidden);
}

Test(procfs, hidepid_is_noticed)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(behind_hidepid());
	waitpid(pid, &status, 0);
	cr_expect_eq(status, 0, "status %x", (unsigned int)status);
}

Test(procfs, root_sees_all)
{
	cr_expect(geteuid() != 0 || !procfs_hidden());
}
