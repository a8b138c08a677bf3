/* SPDX-License-Identifier: ISC */
/*
 * Finds the lease in the environment and maps its record.
 *
 * There is no lock.  The first thread builds an attachment in memory of its
 * own and publishes one pointer; a thread that loses the race unmaps what it
 * built.  The program may overwrite its environment later (setproctitle
 * does), so all that children need is copied.
 */
#include "hook/attach.h"

#include "hook/elfsym.h"
#include "hook/real.h"
#include "hook/scratch.h"
#include "lease/errno.h"
#include "lease/strbuf.h"
#include "lease/sys.h"
#include "lease/terms.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

/* Defined by programs that must see the addresses as they are: our tools. */
extern const char portlease_untranslated __attribute__((weak));

/* What is built and published at once. */
struct attachment {
	struct lease_ctx lease;
	struct child_env child_env;
};

/* NULL: not looked for yet; &none: no lease.  Set once, by publish. */
static _Atomic(struct attachment *) published;
static struct attachment none;

static const char *
variable(const char *name)
{
	size_t len = strlen(name);

	for (char **e = environ; e != NULL && *e != NULL; e++)
		if (strncmp(*e, name, len) == 0 && (*e)[len] == '=')
			return *e + len + 1;
	return NULL;
}

/* Make an entry of three parts; an empty one when it does not fit. */
static void
compose(char *entry, size_t size, const char *a, const char *b, const char *c)
{
	struct strbuf t = strbuf_in(entry, size);

	strbuf_add(&t, a);
	strbuf_add(&t, b);
	strbuf_add(&t, c);
	if (!strbuf_end(&t))
		entry[0] = '\0';
}

/* A record that may be trusted to be ours: not a link, not another user's. */
static bool
ours(int fd, struct stat *st)
{
	if (sys_fstat(fd, st) == -1)
		return false;
	errno = EPERM;
	if (!S_ISREG(st->st_mode) || st->st_uid != sys_geteuid())
		return false;
	errno = ENOENT; /* removed since it was found: its lease is over */
	return st->st_nlink > 0;
}

static struct record *
map_open(int fd)
{
	struct record *r;
	struct stat st;

	if (!ours(fd, &st))
		return NULL;
	errno = EINVAL;
	if ((size_t)st.st_size < sizeof(*r))
		return NULL;
	r = sys_mmap(sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	if (r == MAP_FAILED)
		return NULL;
	if (record_valid(r, (size_t)st.st_size))
		return r;
	sys_munmap(r, sizeof(*r));
	errno = EINVAL;
	return NULL;
}

/*
 * From its last look at the processes to the end of the record, the monitor
 * keeps programs out by a lease (F_SETLEASE, fcntl(2)), for milliseconds.
 * Wait for that: then the record is gone, or ours to enter.  One that is
 * stopped meanwhile loses its lease to an open(2) that blocks.
 */
static int
open_record(const char *path)
{
	static const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY;
	static const struct timespec moment = { .tv_nsec = 1000000 };
	int fd, tries = 1000;

	while ((fd = sys_openat(AT_FDCWD, path, flags | O_NONBLOCK)) == -1 &&
	       errno == EWOULDBLOCK && tries-- > 0)
		(void)sys_nanosleep(&moment);
	if (fd == -1 && errno == EWOULDBLOCK)
		fd = sys_openat(AT_FDCWD, path, flags);
	return fd;
}

/* Map the record; NULL with errno.  No descriptor is kept. */
static struct record *
map(const char *path)
{
	struct record *r;
	int keep, fd = open_record(path);

	if (fd == -1)
		return NULL;
	r = map_open(fd);
	keep = errno;
	sys_close(fd);
	errno = keep;
	return r;
}

/* strerror(3) uses locales and the heap. */
static const char *
reason(int error)
{
	static const struct {
		int error;
		const char *text;
	} reasons[] = {
		{ EACCES, "Permission denied" },
		{ EPERM, "Owned by another user" },
		{ ENOENT, "No such file or directory" },
		{ ENOTDIR, "Not a directory" },
		{ ELOOP, "Is a symbolic link" },
		{ EMFILE, "Too many open files" },
		{ ENFILE, "Too many open files in system" },
		{ ENOMEM, "Out of memory" },
		{ EROFS, "Read-only file system" },
		{ EINVAL, "Not a record of this version" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].error == error)
			return reasons[i].text;
	return "Cannot be mapped";
}

/* One line on stderr: "portlease: SUBJECT: WHAT WHY". */
static void
say(const char *subject, const char *what, const char *why)
{
	const char *parts[] = { "portlease: ", subject, ": ", what, why };
	struct iovec iov[sizeof(parts) / sizeof(*parts)];

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		iov[i] = (struct iovec){ (void *)(uintptr_t)parts[i],
			strlen(parts[i]) };
	(void)sys_writev(STDERR_FILENO, iov, sizeof(parts) / sizeof(*parts));
}

void
attach_say_over(const struct lease_ctx *ctx)
{
	static _Atomic bool said;
	char ip[INET_ADDRSTRLEN];
	struct strbuf ip4 = strbuf_in(ip, sizeof(ip));
	KEEP_ERRNO;

	strbuf_ip4(&ip4, ctx->terms.leased);
	(void)strbuf_end(&ip4); /* which fits */
	if (!atomic_exchange(&said, true))
		say(ip, "this lease has ended: its address cannot be bound ",
		    "any more\n");
}

/* Is there no record though its directory can be seen?  Then it was freed. */
static bool
was_freed(const char *path, int error)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	bool freed;

	if (error != ENOENT || slash == NULL || slash == path)
		return false;
	dir = scratch_take((size_t)(slash - path) + 1);
	if (dir == NULL)
		return false;
	memcpy(dir, path, (size_t)(slash - path));
	dir[slash - path] = '\0';
	freed = sys_access(dir, F_OK) == 0;
	scratch_give(dir);
	return freed;
}

/* The absolute path of this shared object, as the loader knows it. */
static void
name_shim(struct child_env *env)
{
	size_t name = sizeof("LD_PRELOAD=") - 1, room = sizeof(env->preload);
	const char *path = elfsym_shim();
	struct strbuf t = strbuf_in(env->preload, room);
	ssize_t n;

	strbuf_add(&t, "LD_PRELOAD=");
	if (path != NULL && path[0] != '/') {
		n = sys_getcwd(env->preload + name, room - name);
		t.at += n > 0 ? n - 1 : 0;
		strbuf_char(&t, '/');
	}
	if (path != NULL)
		strbuf_add(&t, path);
	if (!strbuf_end(&t) || path == NULL)
		env->preload[0] = '\0';
}

static void
fill_child_env(struct child_env *env, const struct terms *t, const char *path)
{
	size_t name = sizeof("PORTLEASE_TERMS=") - 1;
	struct strbuf ip = strbuf_in(env->ip, sizeof(env->ip));

	name_shim(env);
	if (path != NULL)
		compose(env->record, sizeof(env->record),
		    "PORTLEASE_RECORD=", path, "");
	memcpy(env->terms, "PORTLEASE_TERMS=", name);
	if (terms_format(t, env->terms + name, sizeof(env->terms) - name) ==
	    0) {
		env->terms[0] = '\0';
		return;
	}
	strbuf_add(&ip, "PORTLEASE_IP=");
	strbuf_ip4(&ip, t->leased);
	(void)strbuf_end(&ip); /* which fits */
}

/* The terms from the record, which others may be writing to. */
static bool
use_record(struct lease_ctx *a, struct record *r)
{
	a->self = record_terms(r, &a->terms) ? procid_new() : NULL;
	if (a->self != NULL)
		a->record = r;
	return a->self != NULL;
}

/* Fill in terms and record; false when there is no lease. */
static bool
find(struct lease_ctx *a, const char *path, const char *terms)
{
	struct record *r = path != NULL ? map(path) : NULL;
	int error = errno;

	if (r != NULL && use_record(a, r))
		return true;
	if (r != NULL)
		sys_munmap(r, sizeof(*r));
	if (terms == NULL || !terms_parse(&a->terms, terms))
		return false;
	a->over = path != NULL && was_freed(path, error);
	if (path != NULL && !a->over && !(a->terms.flags & TERMS_SAID)) {
		say(path, reason(error),
		    "; sockets are moved but not recorded\n");
		a->terms.flags |= TERMS_SAID;
	}
	return true;
}

static void
discard(struct attachment *a)
{
	if (a->lease.record != NULL)
		sys_munmap(a->lease.record, sizeof(*a->lease.record));
	if (a->lease.self != NULL)
		sys_munmap(a->lease.self, sizeof(*a->lease.self));
	sys_munmap(a, sizeof(*a));
}

static struct attachment *
build(void)
{
	const char *path = variable("PORTLEASE_RECORD");
	const char *terms = variable("PORTLEASE_TERMS");
	struct attachment *a;

	if (&portlease_untranslated != NULL || (path == NULL && terms == NULL))
		return &none;
	if (path != NULL && path[0] != '/')
		path = NULL;
	a = sys_mmap(sizeof(*a), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (a == MAP_FAILED)
		return &none;
	if (!find(&a->lease, path, terms)) {
		discard(a);
		return &none;
	}
	if (a->lease.terms.flags & (TERMS_TRAP | TERMS_BYPASS))
		real_bypass();
	fill_child_env(&a->child_env, &a->lease.terms, path);
	return a;
}

static struct attachment *
publish(struct attachment *a)
{
	struct attachment *first = NULL;

	if (atomic_compare_exchange_strong(&published, &first, a)) {
		if (a->lease.record != NULL)
			procid_enter(
			    a->lease.record, a->lease.self, IMAGE_ENTERED);
		return a;
	}
	if (a != &none)
		discard(a);
	return first;
}

const struct lease_ctx *
lease_ctx(void)
{
	struct attachment *a =
	    atomic_load_explicit(&published, memory_order_acquire);

	if (a == NULL) {
		KEEP_ERRNO;

		a = publish(build());
	}
	return a == &none ? NULL : &a->lease;
}

const struct child_env *
attach_child_env(void)
{
	return &atomic_load_explicit(&published, memory_order_acquire)
		    ->child_env;
}

__attribute__((constructor)) static void
enter(void)
{
	real_resolve();
	(void)lease_ctx();
}
