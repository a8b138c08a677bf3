/* SPDX-License-Identifier: ISC */
/*
 * Finds connect in every way that the loader knows, and says for each whether
 * it reaches the port that this process listens on.
 *
 * loads port
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef __typeof__(connect) connector;

/* glibc's other name for it. */
extern connector __connect;

static struct sockaddr_in in = { .sin_family = AF_INET };

static void *
checked(void *found)
{
	if (found == NULL)
		errx(1, "%s", dlerror());
	return found;
}

static void
say(const char *how, int error)
{
	printf(
	    "%s: %s\n", how, error == 0 ? "reached" : strerrorname_np(error));
}

/* By a function that was found. */
static void
by(const char *how, void *found)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	connector *call;
	__CONST_SOCKADDR_ARG to = { .__sockaddr_in__ = &in };
	int rc;

	memcpy(&call, &found, sizeof(call));
	rc = call(fd, to, sizeof(in));
	say(how, rc == 0 ? 0 : errno);
	(void)close(fd);
}

/* By a library that was loaded, and by one that it loads itself. */
static void
by_library(const char *how, void *library)
{
	int (*reach)(in_port_t), (*deeper)(in_port_t);
	char line[80];

	*(void **)&reach = checked(dlsym(checked(library), "reach"));
	*(void **)&deeper = checked(dlsym(library, "reach_deeper"));
	say(how, reach(ntohs(in.sin_port)));
	(void)snprintf(line, sizeof(line), "%s, deeper", how);
	say(line, deeper(ntohs(in.sin_port)));
	(void)dlclose(library);
}

static void
serve(const char *port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in.sin_port = htons((in_port_t)strtoul(port, NULL, 10));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&in, sizeof(in)) == -1 ||
	    listen(fd, 64) == -1)
		err(1, "port %s", port);
}

int
main(int argc, char **argv)
{
	void *libc = checked(dlopen("libc.so.6", RTLD_NOW));
	connector *direct = connect, *alias = __connect;
	void *found;

	if (argc != 2)
		errx(2, "usage: loads port");
	serve(argv[1]);
	memcpy(&found, &direct, sizeof(found));
	by("connect", found);
	memcpy(&found, &alias, sizeof(found));
	by("__connect", found);
	by("dlsym of libc", dlsym(libc, "connect"));
	by("dlsym of libc, deeply",
	    dlsym(dlopen("libc.so.6", RTLD_NOW | RTLD_DEEPBIND | RTLD_NOLOAD),
		"connect"));
	by("dlsym of libc, __connect", dlsym(libc, "__connect"));
	by("dlvsym of libc", dlvsym(libc, "connect", VERSION));
	by("dlsym of the program", dlsym(dlopen(NULL, RTLD_NOW), "connect"));
	by("dlsym of RTLD_DEFAULT", dlsym(RTLD_DEFAULT, "connect"));
	by("dlsym of RTLD_NEXT", dlsym(RTLD_NEXT, "connect"));
	by_library("dlopen", dlopen("libreach.so", RTLD_NOW));
	by_library("dlopen, lazily", dlopen("libreach.so", RTLD_LAZY));
	by_library(
	    "dlopen, deeply", dlopen("libreach.so", RTLD_NOW | RTLD_DEEPBIND));
	by_library("dlopen, lazily and deeply",
	    dlopen("libreach.so", RTLD_LAZY | RTLD_DEEPBIND));
	by_library("dlmopen",
	    dlmopen(LM_ID_BASE, "libreach.so", RTLD_NOW | RTLD_DEEPBIND));
	printf("nowhere: %s\n",
	    dlopen("libnowhere.so", RTLD_NOW) == NULL ? dlerror() : "found");
	printf("nothing: %s\n",
	    dlsym(libc, "nothing") == NULL ? "not found" : "found");
	return 0;
}
