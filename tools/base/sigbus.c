/* SPDX-License-Identifier: ISC */
/* Map an empty page of our own where the file has none any more. */
#include "base/sigbus.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static uintptr_t page_size; /* written once, before there is a handler */

static void
patch(int sig, siginfo_t *info, void *context)
{
	uintptr_t page = (uintptr_t)info->si_addr & ~(page_size - 1);
	int keep = errno;

	(void)context;
	if (info->si_code != BUS_ADRERR ||
	    mmap((void *)page, page_size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
		(void)signal(sig, SIG_DFL);
		(void)raise(sig);
	}
	errno = keep;
}

void
sigbus_install(void)
{
	struct sigaction action = { .sa_sigaction = patch,
		.sa_flags = SA_SIGINFO | SA_RESTART };

	page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
	(void)sigaction(SIGBUS, &action, NULL);
}
