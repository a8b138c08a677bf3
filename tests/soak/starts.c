/* SPDX-License-Identifier: ISC */
#include "starts.h"
#include "tests/arena/arena.h"

#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	IDS = (LAST_PORT - FIRST_PORT + 1) / BLOCK,
	ADOPTED = 12, /* addresses that are fought for */
	DAEMON_LIFE = 15000,
	OTHER = 65534
};

struct starts_tally starts_tally;

static struct {
	char portlease[512], tenant[512];
	char home[HOMES][128], work[128];
	bool users; /* the last home is another user's */
} with;

static int
below(int n)
{
	return rand() % n;
}

static unsigned int
port_of(const struct plan *p)
{
	return FIRST_PORT + p->id % IDS * BLOCK;
}

/* Start a shell in a home: as its user, with its state directory. */
static pid_t
start(int home, const char *text)
{
	const char *argv[] = { "setpriv", "--reuid", "65534", "--regid",
		"65534", "--clear-groups", "sh", "-c", text, NULL };
	bool other = with.users && home == HOMES - 1;

	if (setenv("PORTLEASE_DIR", with.home[home], 1) == -1)
		err(1, "PORTLEASE_DIR");
	return arena_start(&argv[other ? 0 : 6], NULL);
}

static void
make_directory(char path[static 128], const char *name, mode_t mode)
{
	if (snprintf(path, 128, "%s/%s", arena_state(), name) >= 128 ||
	    mkdir(path, mode) == -1 || chmod(path, mode) == -1)
		err(1, "%s", path);
}

/* Can the other user start portlease? */
static bool
have_users(void)
{
	char text[1024];
	pid_t pid;

	if (geteuid() != 0 || chmod(arena_state(), 0711) == -1 ||
	    chown(with.home[HOMES - 1], OTHER, OTHER) == -1)
		return false;
	with.users = true;
	(void)snprintf(
	    text, sizeof(text), "%s --version >/dev/null", with.portlease);
	pid = start(HOMES - 1, text);
	with.users = arena_wait(pid, 10000) == 0;
	if (!with.users && chown(with.home[HOMES - 1], 0, 0) == -1)
		err(1, "%s", with.home[HOMES - 1]);
	return with.users;
}

void
starts_prepare(const char *build)
{
	char name[8];

	(void)snprintf(
	    with.portlease, sizeof(with.portlease), "%s/portlease", build);
	(void)snprintf(
	    with.tenant, sizeof(with.tenant), "%s/guests/tenant", build);
	make_directory(with.work, "work", 01777);
	for (int i = 0; i < HOMES; i++) {
		(void)snprintf(name, sizeof(name), "home%d", i);
		make_directory(with.home[i], name, 0700);
	}
	printf("soak: %d state directories, %d users\n", HOMES,
	    have_users() ? 2 : 1);
}

/* A daemon of the lease: it binds before or after it forks. */
static void
daemon_line(char text[static 768], const struct plan *p)
{
	char late[32] = "";

	if (below(2))
		(void)snprintf(late, sizeof(late), "-b %d", 1 + below(1500));
	(void)snprintf(text, 768, "%s -D %s %s %s -l %d %u %s", with.tenant,
	    below(2) ? "-x" : "", below(2) ? "-e" : "", late, DAEMON_LIFE,
	    port_of(p) + 1, below(3) == 0 ? "9926" : "");
	starts_tally.daemons++;
}

static void
tenant_line(char text[static 768], const struct plan *p)
{
	char lifetime[32] = "";

	if (p->life > 0)
		(void)snprintf(lifetime, sizeof(lifetime), "-l %d", p->life);
	(void)snprintf(text, 768, "%s %s %s -t %d 9926 %u", with.tenant,
	    p->child, lifetime, below(3) == 0 ? below(300) : 0, port_of(p));
}

static void
both_lines(char text[static 1600], const struct plan *p)
{
	char daemon[768] = ":", tenant[768];

	if (p->daemon)
		daemon_line(daemon, p);
	tenant_line(tenant, p);
	(void)snprintf(text, 1600, "%s; exec %s", daemon, tenant);
}

pid_t
starts_script(const struct plan *p)
{
	char lines[1600], text[4096];

	both_lines(lines, p);
	(void)snprintf(text, sizeof(text),
	    "eval \"$(%s acquire -v -g 400ms -p 9926 --sh --owner $$)\" || "
	    "exit 1; echo leased $PORTLEASE_IP %u >&%d; %s & wait; "
	    "exec %s release 2>&%d",
	    with.portlease, port_of(p), WORDS, lines, with.portlease, WORDS);
	return start(p->home, text);
}

/* The command tells its address to the observer, and to a visitor. */
pid_t
starts_run(const struct plan *p)
{
	char lines[1600], text[4096], ip[32] = "";

	both_lines(lines, p);
	if (p->adopts) {
		(void)snprintf(
		    ip, sizeof(ip), "--ip 127.9.%d.1", below(ADOPTED));
		starts_tally.adopted++;
	}
	(void)snprintf(text, sizeof(text),
	    "exec %s run -q --status-fd %d -g 400ms -p 9926 --wait 30s %s -- "
	    "sh -c 'echo $PORTLEASE_IP >%s/%u; %s'",
	    with.portlease, WORDS, ip, with.work, port_of(p), lines);
	return start(p->home, text);
}

static bool
address_told(const struct plan *p, char ip[static 16])
{
	char path[192];
	bool told;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%u", with.work, port_of(p));
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	told = fscanf(f, "%15[0-9.]", ip) == 1 && fgetc(f) == '\n';
	(void)fclose(f);
	return told;
}

bool
starts_visitor(const struct plan *p)
{
	char daemon[768], text[2048], ip[16];

	if (!address_told(p, ip))
		return false;
	daemon_line(daemon, p);
	(void)snprintf(text, sizeof(text), "exec %s exec --lease %s -- %s",
	    with.portlease, ip, daemon);
	(void)start(p->home, text);
	starts_tally.visitors++;
	return true;
}

void
starts_forget(const struct plan *p)
{
	char path[192];

	(void)snprintf(path, sizeof(path), "%s/%u", with.work, port_of(p));
	(void)unlink(path);
}

pid_t
starts_reaper(int home)
{
	char text[1024];

	(void)snprintf(text, sizeof(text), "exec %s reap --all -g 300ms >&%d",
	    with.portlease, WORDS);
	return start(home, text);
}

int
starts_reap_all(long long ms)
{
	int failed = 0;

	for (int i = 0; i < HOMES; i++)
		failed |= arena_wait(starts_reaper(i), ms);
	return failed;
}

static unsigned int
records_in(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	unsigned int n = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    strncmp(entry->d_name, "history-", 8) != 0) {
			n++;
			printf("soak: left: %s/%s\n", path, entry->d_name);
		}
	if (dir != NULL)
		(void)closedir(dir);
	return n;
}

unsigned int
starts_records_left(void)
{
	unsigned int n = 0;

	for (int i = 0; i < HOMES; i++)
		n += records_in(with.home[i]);
	return n;
}
