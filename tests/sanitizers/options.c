/* SPDX-License-Identifier: ISC */
/*
 * What a build with SAN= tells its sanitizers: the tools run inside leases,
 * with the shim before the runtime; libbsd's setproctitle_init(3) and
 * Criterion keep what they allocate.
 */
const char *__asan_default_options(void);
const char *__lsan_default_suppressions(void);

const char *
__asan_default_options(void)
{
	return "verify_asan_link_order=0";
}

const char *
__lsan_default_suppressions(void)
{
	return "leak:setproctitle_init\nleak:libcriterion";
}
