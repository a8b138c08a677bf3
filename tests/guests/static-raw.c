/* SPDX-License-Identifier: ISC */
/* As raw, but static: ld.so, and so the shim, never runs in it. */
#include "raw.c"
