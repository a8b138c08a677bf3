/* SPDX-License-Identifier: ISC */
/*
 * Reads ELF headers (elf(5)) and #! lines (execve(2)).  Every offset comes
 * from the file and is believed only as far as pread(2) goes.
 */
#include "sock/exe.h"

#include "lease/errno.h"
#include "lease/record.h"
#include "lease/strbuf.h"
#include "lease/sys.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
	HEADERS = sizeof(((struct exe_room *)0)->segments) / sizeof(ElfW(Phdr)),
	DYNAMICS = sizeof(((struct exe_room *)0)->dyn) / sizeof(ElfW(Dyn)),
	NOTES = sizeof(((struct exe_room *)0)->notes),
	LINE = sizeof(((struct exe_room *)0)->line),
	SCRIPTS = 4 /* interpreters of interpreters */
};

/* This shared object's own header: what it can be loaded into. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* An executable being read. */
struct elf {
	int fd;
	size_t n; /* program headers */
	ElfW(Ehdr) head;
	ElfW(Phdr) * segments;
	struct exe_room *room;
};

static bool
read_at(int fd, void *buf, size_t size, uint64_t at)
{
	return sys_pread(fd, buf, size, at) == (ssize_t)size;
}

/* Would executing this file change our user, group or capabilities? */
static uint32_t
gains(int fd, const struct stat *st)
{
	uint32_t gain = 0;

	if (st->st_mode & S_ISUID && st->st_uid != sys_geteuid())
		gain |= IMAGE_SETUID;
	if ((st->st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
	    st->st_gid != sys_getegid())
		gain |= IMAGE_SETGID;
	if (fd != -1 && sys_geteuid() != 0 &&
	    sys_fgetxattr(fd, "security.capability", NULL, 0) > 0)
		gain |= IMAGE_CAPABLE;
	if (gain != 0 && sys_prctl(PR_GET_NO_NEW_PRIVS, NULL) != 0)
		return 0;
	return gain;
}

static bool
alien(const struct elf *elf)
{
	return elf->head.e_ident[EI_CLASS] != __ehdr_start.e_ident[EI_CLASS] ||
	       elf->head.e_ident[EI_DATA] != __ehdr_start.e_ident[EI_DATA] ||
	       elf->head.e_machine != __ehdr_start.e_machine;
}

static bool
read_segments(struct elf *elf)
{
	elf->n = elf->head.e_phnum < HEADERS ? elf->head.e_phnum : HEADERS;
	return elf->head.e_phentsize == sizeof(elf->segments[0]) &&
	       read_at(elf->fd, elf->segments,
		   elf->n * sizeof(elf->segments[0]), elf->head.e_phoff);
}

static const ElfW(Phdr) * segment(const struct elf *elf, uint32_t type)
{
	for (size_t i = 0; i < elf->n; i++)
		if (elf->segments[i].p_type == type)
			return &elf->segments[i];
	return NULL;
}

/* Where an address of the program lies in its file; 0 nowhere. */
static uint64_t
offset_of(const struct elf *elf, uint64_t addr)
{
	const ElfW(Phdr) * s;

	for (size_t i = 0; i < elf->n; i++) {
		s = &elf->segments[i];
		if (s->p_type == PT_LOAD && addr >= s->p_vaddr &&
		    addr - s->p_vaddr < s->p_filesz)
			return addr - s->p_vaddr + s->p_offset;
	}
	return 0;
}

/* What the dynamic section says that we want to know. */
struct needs {
	bool asan;
	bool soname; /* a shared object: the program interpreter itself */
};

static bool
names_asan(const struct elf *elf, uint64_t at)
{
	static const char asan[] = "libasan.so";
	char name[sizeof(asan) - 1];

	return read_at(elf->fd, name, sizeof(name), at) &&
	       memcmp(name, asan, sizeof(name)) == 0;
}

static struct needs
needs_of(const struct elf *elf)
{
	const ElfW(Phdr) *s = segment(elf, PT_DYNAMIC);
	ElfW(Dyn) *dyn = elf->room->dyn;
	struct needs needs = { 0 };
	uint64_t strings = 0;
	size_t n;

	if (s == NULL)
		return needs;
	n = s->p_filesz / sizeof(*dyn);
	n = n < DYNAMICS ? n : DYNAMICS;
	if (!read_at(elf->fd, dyn, n * sizeof(*dyn), s->p_offset))
		return needs;
	for (size_t i = 0; i < n; i++)
		if (dyn[i].d_tag == DT_STRTAB)
			strings = offset_of(elf, dyn[i].d_un.d_ptr);
	for (size_t i = 0; i < n && dyn[i].d_tag != DT_NULL; i++) {
		needs.soname |= dyn[i].d_tag == DT_SONAME;
		needs.asan |= dyn[i].d_tag == DT_NEEDED &&
			      names_asan(elf, strings + dyn[i].d_un.d_val);
	}
	return needs;
}

/* Are these the tools of a lease, linked statically?  Notes are of words. */
static bool
portlease(const struct elf *elf)
{
	static const struct exe_note ours = EXE_NOTE;
	char *notes = elf->room->notes;
	ssize_t n;

	for (size_t i = 0; i < elf->n; i++) {
		if (elf->segments[i].p_type != PT_NOTE)
			continue;
		n = sys_pread(elf->fd, notes, NOTES, elf->segments[i].p_offset);
		for (ssize_t at = 0; at + (ssize_t)sizeof(ours) <= n; at += 4)
			if (memcmp(notes + at, &ours, sizeof(ours)) == 0)
				return true;
	}
	return false;
}

static void
read_elf(struct elf *elf, struct exe *exe)
{
	struct needs needs;

	if (alien(elf)) {
		exe->flags |= IMAGE_ALIEN;
		return;
	}
	if (!read_segments(elf))
		return;
	needs = needs_of(elf);
	exe->asan = needs.asan;
	if (segment(elf, PT_INTERP) == NULL && !needs.soname && !portlease(elf))
		exe->flags |= IMAGE_STATIC;
}

/* Cut the interpreter out of a #! line; NULL when there is none. */
static const char *
interpreter(char line[LINE])
{
	char *start = line + 2, *end;

	line[LINE - 1] = '\0';
	while (*start == ' ' || *start == '\t')
		start++;
	end = start + strcspn(start, " \t\n");
	if (end == start || *end == '\0')
		return NULL;
	*end = '\0';
	return start;
}

/* Look at one file; the interpreter that it names, in room, or NULL. */
static const char *
look(int fd, const struct stat *st, struct exe_room *room, struct exe *exe)
{
	struct elf elf = { .fd = fd, .segments = room->segments, .room = room };
	char *line = room->line;
	ssize_t n;

	memset(line, 0, LINE);
	n = sys_pread(fd, line, LINE - 1, 0);
	if (n > 2 && line[0] == '#' && line[1] == '!')
		return interpreter(line);
	exe->flags |= gains(fd, st);
	if (n < (ssize_t)sizeof(elf.head) || memcmp(line, ELFMAG, SELFMAG) != 0)
		return NULL;
	memcpy(&elf.head, line, sizeof(elf.head));
	read_elf(&elf, exe);
	return NULL;
}

static int
open_file(int dirfd, const char *path, int flags)
{
	if (flags & AT_EMPTY_PATH && path[0] == '\0')
		return sys_dupfd_cloexec(dirfd);
	return sys_openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

struct exe
exe_of(int dirfd, const char *path, int flags, struct exe_room *room)
{
	struct exe exe = { 0 };
	struct stat st;
	KEEP_ERRNO;

	for (int i = 0; i < SCRIPTS && path != NULL; i++) {
		int fd = -1;

		if (sys_fstatat(dirfd, path, &st, flags & AT_EMPTY_PATH) != 0)
			break;
		exe.found = true;
		/* A FIFO would block, a tape rewind. */
		if (S_ISREG(st.st_mode))
			fd = open_file(dirfd, path, flags);
		if (fd == -1) { /* it may be executed all the same */
			exe.flags |= gains(-1, &st);
			break;
		}
		path = look(fd, &st, room, &exe);
		sys_close(fd);
		dirfd = AT_FDCWD;
		flags = 0;
	}
	return exe;
}

static const char *
search_path(void)
{
	for (char **e = environ; e != NULL && *e != NULL; e++)
		if (strncmp(*e, "PATH=", 5) == 0)
			return *e + 5;
	return "/usr/local/bin:/bin:/usr/bin";
}

static bool
join(char *path, const char *dir, size_t len, const char *file)
{
	size_t n = strlen(file);

	if (len + 1 + n >= PATH_MAX)
		return false;
	memcpy(path, dir, len);
	if (len > 0)
		path[len++] = '/';
	memcpy(path + len, file, n + 1);
	return true;
}

const char *
exe_search(const char *file, char *path)
{
	const char *dir = search_path();
	bool found = false;
	size_t len;
	KEEP_ERRNO;

	if (file[0] == '\0' || strchr(file, '/') != NULL)
		return file;
	for (;; dir += len + 1) {
		len = strcspn(dir, ":");
		found =
		    join(path, dir, len, file) && sys_access(path, X_OK) == 0;
		if (found || dir[len] == '\0')
			break;
	}
	return found ? path : file;
}

void
exe_path(int fd, char *path)
{
	char link[32];
	struct strbuf t = strbuf_in(link, sizeof(link));
	ssize_t n;
	KEEP_ERRNO;

	strbuf_add(&t, "/proc/self/fd/");
	strbuf_number(&t, (uint32_t)fd, 10);
	(void)strbuf_end(&t); /* which fits */
	n = sys_readlink(link, path, PATH_MAX - 1);
	path[n > 0 ? n : 0] = '\0';
}
