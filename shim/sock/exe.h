/* SPDX-License-Identifier: ISC */
/*
 * What an executable file is, seen before it is executed: can the shim enter
 * it, and does it need a word in its environment first?  Reads the file's
 * headers only; a file that cannot be read counts as an ordinary program.
 * Keeps errno; what is read goes into memory that the caller brings.
 */
#ifndef EXE_H
#define EXE_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

/* A note (elf(5)) in portlease itself: what it calls goes untranslated. */
struct exe_note {
	uint32_t name_size, size, type;
	char name[12];
};

#define EXE_NOTE_SECTION ".note.portlease"
#define EXE_NOTE                                                               \
	{                                                                      \
		sizeof("portlease"), 0, 1, "portlease"                         \
	}

struct exe {
	uint32_t flags; /* those of IMAGE_UNCOVERED that hold */
	bool found; /* there is such a file */
	bool asan; /* needs GCC's address sanitizer library */
};

/* What is read of a file, and no more than that: too much for small stacks. */
struct exe_room {
	ElfW(Phdr) segments[64];
	ElfW(Dyn) dyn[256];
	char notes[256];
	char line[256]; /* BINPRM_BUF_SIZE, of a #! line */
};

/* The file that execveat(dirfd, path, ..., flags) would execute. */
struct exe exe_of(
    int dirfd, const char *path, int flags, struct exe_room *room);

/*
 * Find file as execvp(3) does, by the PATH of this process.  Returns path,
 * of PATH_MAX bytes, or file itself when it is nowhere.
 */
const char *exe_search(const char *file, char *path);

/* The path of an open file into path, of PATH_MAX bytes; "" unknown. */
void exe_path(int fd, char *path);

#endif
