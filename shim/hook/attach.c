/* SPDX-License-Identifier: ISC */
/*
 * Finds the lease in the environment and maps its record.
 *
 * There is no lock.  Whoever comes first builds an attachment in memory of
 * its own and publishes one pointer; who loses the race unmaps what it built.
 * The program may overwrite its environment later (setproctitle does), so
 * everything that children need is copied.
 */
#include "hook/attach.h"

#include "hook/real.h"
#include "lease/terms.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

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

/* Append text at *len; false when it does not fit with its NUL. */
static bool
append(char *buf, size_t size, size_t *len, const char *text)
{
	size_t n = strlen(text);

	if (n >= size - *len)
		return false;
	memcpy(buf + *len, text, n + 1);
	*len += n;
	return true;
}

/* Make an entry of three parts; an empty one when it does not fit. */
static void
compose(char *entry, size_t size, const char *a, const char *b, const char *c)
{
	size_t len = 0;

	if (!append(entry, size, &len, a) || !append(entry, size, &len, b) ||
	    !append(entry, size, &len, c))
		entry[0] = '\0';
}

/* A record that may be trusted to be ours: not a link, not another user's. */
static bool
ours(int fd, struct stat *st)
{
	if (fstat(fd, st) == -1)
		return false;
	errno = EPERM;
	return S_ISREG(st->st_mode) &&
	       st->st_uid == (uid_t)syscall(SYS_geteuid);
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
	r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (r == MAP_FAILED)
		return NULL;
	if (record_valid(r, (size_t)st.st_size))
		return r;
	(void)munmap(r, sizeof(*r));
	errno = EINVAL;
	return NULL;
}

/* Map the record; NULL with errno.  No descriptor is kept. */
static struct record *
map(const char *path)
{
	struct record *r;
	int keep;
	long fd;

	fd = syscall(SYS_openat, AT_FDCWD, path,
	    O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	if (fd == -1)
		return NULL;
	r = map_open((int)fd);
	keep = errno;
	(void)syscall(SYS_close, fd);
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

/* The one thing that the shim ever says, once per lease. */
static void
say_unrecorded(const char *path, int error)
{
	char line[PATH_MAX + 128];
	size_t len = 0;

	if (append(line, sizeof(line), &len, "portlease: ") &&
	    append(line, sizeof(line), &len, path) &&
	    append(line, sizeof(line), &len, ": ") &&
	    append(line, sizeof(line), &len, reason(error)) &&
	    append(line, sizeof(line), &len,
		"; sockets are moved but not recorded\n"))
		(void)syscall(SYS_write, STDERR_FILENO, line, len);
}

/* The absolute path of this shared object, as the loader knows it. */
static void
name_shim(struct child_env *h)
{
	char cwd[PATH_MAX];
	Dl_info info;

	if (dladdr(&published, &info) == 0 || info.dli_fname == NULL)
		return;
	if (info.dli_fname[0] == '/')
		compose(h->preload, sizeof(h->preload),
		    "LD_PRELOAD=", info.dli_fname, "");
	else if (getcwd(cwd, sizeof(cwd) - 1) != NULL) {
		(void)memcpy(cwd + strlen(cwd), "/", 2);
		compose(h->preload, sizeof(h->preload), "LD_PRELOAD=", cwd,
		    info.dli_fname);
	}
}

/* The leased address is the second field of the terms. */
static void
name_ip(struct child_env *h, char *terms)
{
	char *ip = strchr(terms, ';') + 1;
	char *end = strchr(ip, ';');

	*end = '\0';
	compose(h->ip, sizeof(h->ip), "PORTLEASE_IP=", ip, "");
	*end = ';';
}

static void
fill_child_env(struct child_env *h, const struct terms *t, const char *path)
{
	char text[TERMS_TEXT];

	name_shim(h);
	if (path != NULL)
		compose(h->record, sizeof(h->record), "PORTLEASE_RECORD=", path,
		    "");
	if (terms_format(t, text, sizeof(text)) == 0)
		return;
	compose(h->terms, sizeof(h->terms), "PORTLEASE_TERMS=", text, "");
	name_ip(h, text);
}

/* The terms from the record, which others may be writing to. */
static bool
adopt_record(struct lease_ctx *a, struct record *r)
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

	if (r != NULL && adopt_record(a, r))
		return true;
	if (r != NULL)
		(void)munmap(r, sizeof(*r));
	if (terms == NULL || !terms_parse(&a->terms, terms))
		return false;
	if (path != NULL && !(a->terms.flags & TERMS_SAID)) {
		say_unrecorded(path, error);
		a->terms.flags |= TERMS_SAID;
	}
	return true;
}

static void
discard(struct attachment *a)
{
	if (a->lease.record != NULL)
		(void)munmap(a->lease.record, sizeof(*a->lease.record));
	if (a->lease.self != NULL)
		(void)munmap(a->lease.self, sizeof(*a->lease.self));
	(void)munmap(a, sizeof(*a));
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
	a = mmap(NULL, sizeof(*a), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (a == MAP_FAILED)
		return &none;
	if (!find(&a->lease, path, terms)) {
		discard(a);
		return &none;
	}
	if (a->lease.terms.flags & (TERMS_TRAP | TERMS_MARKED))
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
			procid_enter(a->lease.record, a->lease.self);
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
	int keep;

	if (a == NULL) {
		keep = errno;
		a = publish(build());
		errno = keep;
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
