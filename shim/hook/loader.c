/* SPDX-License-Identifier: ISC */
/*
 * The calls of the loader, by which a library gets past the shim.
 *
 * dlopen with RTLD_DEEPBIND binds a library to libc before what was preloaded
 * (every extension of PHP is loaded so): in a lease the flag is dropped.
 * dlsym on a handle of libc finds libc's own calls: in a lease it finds those
 * of the shim.
 *
 * The loader looks at the return address of these calls: whose RUNPATH, whose
 * namespace, next after whom?  So each is a few instructions that ask C and
 * then jump to the real call, which returns to the program.
 */
#include "hook/attach.h"
#include "hook/real.h"

#include <dlfcn.h>
#include <stdint.h>

/* Returned in two registers, to the instructions below. */
struct jump {
	const void *to; /* NULL: return value */
	uintptr_t value; /* the flags to jump with, or the result */
};

struct jump loader_dlopen(const char *path, int flags);
struct jump loader_dlmopen(long namespace, const char *path, int flags);
struct jump loader_dlsym(void *handle, const char *name);
struct jump loader_dlvsym(void *handle, const char *name, const char *version);

/* musl does not have it, and does what it says of nothing. */
#ifndef RTLD_DEEPBIND
#define RTLD_DEEPBIND 0
#endif

static uintptr_t
flags_in_lease(int flags)
{
	if (lease_ctx() != NULL)
		flags &= ~RTLD_DEEPBIND;
	return (unsigned int)flags;
}

__attribute__((used)) struct jump
loader_dlopen(const char *path, int flags)
{
	(void)path;
	return (
	    struct jump){ (const void *)real()->dlopen, flags_in_lease(flags) };
}

__attribute__((used)) struct jump
loader_dlmopen(long namespace, const char *path, int flags)
{
	(void)namespace;
	(void)path;
	if (real()->dlmopen == NULL) /* on musl */
		return (struct jump){ 0 };
	return (struct jump){ (const void *)real()->dlmopen,
		flags_in_lease(flags) };
}

/* A handle is looked into here; what the caller decides, it must ask. */
static bool
by_caller(const void *handle)
{
	return handle == RTLD_DEFAULT || handle == RTLD_NEXT ||
	       lease_ctx() == NULL;
}

__attribute__((used)) struct jump
loader_dlsym(void *handle, const char *name)
{
	void *found;

	if (by_caller(handle))
		return (struct jump){ .to = (const void *)real()->dlsym };
	found = real()->dlsym(handle, name);
	return (struct jump){ .value = (uintptr_t)real_hidden(found) };
}

__attribute__((used)) struct jump
loader_dlvsym(void *handle, const char *name, const char *version)
{
	void *found;

	if (real()->dlvsym == NULL) /* on musl */
		return (struct jump){ 0 };
	if (by_caller(handle))
		return (struct jump){ .to = (const void *)real()->dlvsym };
	found = real()->dlvsym(handle, name, version);
	return (struct jump){ .value = (uintptr_t)real_hidden(found) };
}

/* The code of a function, as a global symbol. */
#define FUNCTION(name, code)                                                   \
	__asm__(".pushsection .text\n"                                         \
		".globl " #name "\n"                                           \
		".type " #name ", %function\n"                                 \
		".balign 16\n"                                                 \
		".hidden loader_" #name "\n" #name ":\n"                       \
		".cfi_startproc\n" code ".cfi_endproc\n"                       \
		".size " #name ", . - " #name "\n"                             \
		".popsection\n");

#if defined(__x86_64__)
/* Three arguments are kept; those with flags get them back in `flags`. */
#define ASK(name)                                                              \
	"endbr64\n"                                                            \
	"push %rdi\n.cfi_adjust_cfa_offset 8\n"                                \
	"push %rsi\n.cfi_adjust_cfa_offset 8\n"                                \
	"push %rdx\n.cfi_adjust_cfa_offset 8\n"                                \
	"call loader_" #name "\n"                                              \
	"mov %rdx, %rcx\n"                                                     \
	"pop %rdx\n.cfi_adjust_cfa_offset -8\n"                                \
	"pop %rsi\n.cfi_adjust_cfa_offset -8\n"                                \
	"pop %rdi\n.cfi_adjust_cfa_offset -8\n"
#define FLAGS_2 "mov %ecx, %esi\n"
#define FLAGS_3 "mov %ecx, %edx\n"
#define JUMP    "jmp *%rax\n"
#define JUMP_OR_RETURN                                                         \
	"test %rax, %rax\n"                                                    \
	"jz 1f\n"                                                              \
	"jmp *%rax\n"                                                          \
	"1: mov %rcx, %rax\n"                                                  \
	"ret\n"
#elif defined(__aarch64__)
#define ASK(name)                                                              \
	"hint #34\n" /* bti c */                                               \
	"stp x29, x30, [sp, #-48]!\n"                                          \
	".cfi_def_cfa_offset 48\n.cfi_offset 29, -48\n.cfi_offset 30, -40\n"   \
	"stp x0, x1, [sp, #16]\n"                                              \
	"str x2, [sp, #32]\n"                                                  \
	"bl loader_" #name "\n"                                                \
	"mov x16, x0\n"                                                        \
	"mov x17, x1\n"                                                        \
	"ldr x2, [sp, #32]\n"                                                  \
	"ldp x0, x1, [sp, #16]\n"                                              \
	"ldp x29, x30, [sp], #48\n"                                            \
	".cfi_def_cfa_offset 0\n.cfi_restore 29\n.cfi_restore 30\n"
#define FLAGS_2 "mov w1, w17\n"
#define FLAGS_3 "mov w2, w17\n"
#define JUMP    "br x16\n"
#define JUMP_OR_RETURN                                                         \
	"cbz x16, 1f\n"                                                        \
	"br x16\n"                                                             \
	"1: mov x0, x17\n"                                                     \
	"ret\n"
#else
#error "the jumps of the loader's calls are not written for this machine"
#endif

FUNCTION(dlopen, ASK(dlopen) FLAGS_2 JUMP)
FUNCTION(dlmopen, ASK(dlmopen) FLAGS_3 JUMP_OR_RETURN)
FUNCTION(dlsym, ASK(dlsym) JUMP_OR_RETURN)
FUNCTION(dlvsym, ASK(dlvsym) JUMP_OR_RETURN)
