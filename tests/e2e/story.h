/* SPDX-License-Identifier: ISC */
/*
 * The stage for end-to-end stories: every Criterion test runs in a process of
 * its own, so one test has one stage.  story_begin() makes that process a
 * child subreaper with a scratch directory and a private PORTLEASE_DIR in it;
 * story_finish() ends whatever the test has left behind, by the children that
 * the kernel says are ours, and by nothing else.
 *
 * Whoever waits here waits on descriptors (pipes, a signalfd for SIGCHLD) and
 * for story_patience() milliseconds at the most; when that is over the test
 * fails and shows what it was waiting for and what had been said until then.
 */
#ifndef STORY_H
#define STORY_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#ifndef BUILD_DIR
#error "BUILD_DIR must be defined as the absolute path of the build directory"
#endif

#define PORTLEASE   BUILD_DIR "/portlease"
#define SHIM        BUILD_DIR "/libportlease.so"
#define GUEST(name) BUILD_DIR "/guests/" name

/* The ordinary user of stories that start as root. */
#define NOBODY    65534
#define AS_NOBODY "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"

/* A started command; the stage owns it and everything that it points to. */
struct run {
	pid_t pid;
	int pidfd;
	int in; /* its stdin, to write to; -1: closed */
	int fd[2]; /* what it says on stdout and stderr; -1: ended */
	char *out; /* all that it has said so far, always a string */
	char *err;
	size_t len[2];
	bool ended;
	int status; /* as from waitpid(2), once ended */
};

/*
 * Every suite is one of these.  The limit in seconds is for a test that hangs,
 * and is far above what any needs on a machine that is busy otherwise.
 */
#define STORIES(suite)                                                         \
	TestSuite(                                                             \
	    suite, .init = story_begin, .fini = story_finish, .timeout = 900)
void story_begin(void);
void story_finish(void);

/* Criterion does not run .fini for a skipped test.  Does not return. */
__attribute__((format(printf, 1, 2), noreturn)) void story_skip(
    const char *why, ...);

/* Skips, unless we are root and NOBODY can reach the build directory. */
void story_need_two_users(void);

/* Milliseconds; STORY_PATIENCE in the environment overrides the default. */
int story_patience(void);

/* A path below the scratch directory.  Valid until the test ends. */
const char *story_path(const char *name);
/* The state directory of every portlease that the test starts. */
const char *story_state(void);
/* Gives the scratch directory and the state directory to another user. */
void story_give(uid_t uid);

/*
 * Starts a command in a process group of its own, with pipes on 0, 1 and 2.
 * START() takes its words, story_start() a vector that ends with NULL.
 * story_terminal() gives it a terminal of its own instead of the pipes, as
 * login would, but for the echo; all that it shows is in out.
 */
#define START(...) story_start((const char *const[]){ __VA_ARGS__, NULL })
#define RUN(...)   story_run((const char *const[]){ __VA_ARGS__, NULL })
struct run *story_start(const char *const argv[]);
struct run *story_terminal(const char *const argv[]);
/* As story_start(), and waits until it has ended. */
struct run *story_run(const char *const argv[]);

/*
 * Waits for a text on stdout (story_says) or stderr (story_warns) and returns
 * the text from there on.  What was waited for before is not looked at again:
 * the next wait for the same words is for their next appearance.
 */
const char *story_says(struct run *r, const char *words);
const char *story_warns(struct run *r, const char *words);
/* Says a line to the command. */
void story_tell(struct run *r, const char *line);
/* Takes the terminal away. */
void story_hang_up(struct run *r);
/* Sends a signal, to that very process, or to its whole process group. */
void story_signal(const struct run *r, int sig);
void story_signal_group(const struct run *r, int sig);
/* As story_signal(), for any process of the story. */
void story_signal_pid(pid_t pid, int sig);
/* Waits until the command has ended; its status as from waitpid(2). */
int story_end(struct run *r);
/* As story_end(), for any process of the story; its status is its parent's. */
void story_gone(pid_t pid);
/*
 * Waits until that holds, for what nobody tells: looks again and again.
 *	story_until(holds, arg), and bool holds(const void *arg)
 */
#define story_until(holds, arg) story_wait(#holds, holds, arg)
void story_wait(const char *what, bool (*holds)(const void *), const void *arg);
/* Waits until no process of this story is left, commands and orphans alike. */
void story_quiet(void);

/*
 * For a command that shall say first which address it was leased:
 * START(PORTLEASE, "run", TELL_IP, ...), and then story_ip().
 */
#define TELL_IP "sh", "-c", "echo ip $PORTLEASE_IP; exec \"$@\"", "sh"
const char *story_ip(struct run *r);

/* The number behind the words, or -1: story_number(text, "pid "). */
long story_number(const char *text, const char *words);
/* Expects these words in the text, in this order. */
#define story_has(text, ...)                                                   \
	story_has_all(text, (const char *const[]){ __VA_ARGS__, NULL })
void story_has_all(const char *text, const char *const words[]);
/*
 * Expects a line like this in the text: a pattern of fnmatch(3), once printf(3)
 * has filled it in.
 */
__attribute__((format(printf, 2, 3))) void story_line(
    const char *text, const char *format, ...);
/* Expects the line that says that the address is free: CLEAN or COOLING. */
void story_freed(const char *text, const char *ip);
/* "127.0.0.5:9926"; a few of them at a time. */
const char *story_at(const char *ip, const char *port);
/* Expects no lease; story_left_nothing() waits first until no process is left.
 */
void story_nothing_leased(void);
void story_left_nothing(void);
/* How often the words are in the text. */
unsigned int story_count(const char *text, const char *words);

#endif
