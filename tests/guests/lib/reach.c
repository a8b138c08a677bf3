/* SPDX-License-Identifier: ISC */
/*
 * A library that connects, and loads another by a path of its own RUNPATH:
 * tests/guests/loads.c loads it in every way.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <unistd.h>

int reach(in_port_t port);
int reach_deeper(in_port_t port);

/* 0, or the errno with which 127.0.0.1 refuses. */
int
reach(in_port_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = connect(fd, (struct sockaddr *)&in, sizeof(in));
	int error = rc == 0 ? 0 : errno;

	(void)close(fd);
	return error;
}

/* libdeep.so is found by the RUNPATH of this library alone. */
int
reach_deeper(in_port_t port)
{
	void *deep = dlopen("libdeep.so", RTLD_NOW | RTLD_DEEPBIND);
	__typeof__(reach) *call;

	if (deep == NULL)
		return ELIBACC;
	*(void **)&call = dlsym(deep, "reach");
	return call == NULL ? ELIBBAD : call(port);
}
