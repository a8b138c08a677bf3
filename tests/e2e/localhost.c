/* SPDX-License-Identifier: ISC */
/*
 * Names that end in .localhost are localhost in a lease, and what they are to
 * libc outside: no test asks for one there, which might ask the DNS.
 */
#include "story.h"

#include <sys/wait.h>

#include <criterion/criterion.h>
#include <signal.h>

STORIES(localhost);

/* What getent(1) prints of a name in a lease. */
static struct run *
getent(const char *database, const char *name)
{
	return RUN(PORTLEASE, "run", "getent", database, name);
}

Test(localhost, resolves_every_name_below_it_as_itself)
{
	static const char *const databases[] = { "ahosts", "ahostsv4",
		"ahostsv6", "hosts" };
	static const char *const names[] = { "app.localhost", "a.b.LocalHost",
		"app.localhost." };
	struct run *native, *leased;

	for (size_t i = 0; i < 4; i++)
		for (size_t j = 0; j < 3; j++) {
			native = RUN("getent", databases[i], "localhost");
			leased = getent(databases[i], names[j]);
			cr_expect_eq(leased->status, native->status);
			cr_expect_str_eq(leased->out, native->out, "%s %s: %s",
			    databases[i], names[j], leased->out);
		}
}

Test(localhost, is_not_what_is_no_name)
{
	static const char *const names[] = { "..localhost", ".localhost",
		"app..localhost" };

	for (size_t i = 0; i < 3; i++)
		cr_expect_neq(
		    getent("ahosts", names[i])->status, 0, "%s", names[i]);
}

/*
 * The old calls, which have results of their own, by way of Python's ctypes.
 * There may be no ::1 in /etc/hosts: then that is the answer.
 */
#define OLD_CALLS                                                              \
	"import ctypes, socket, sys\n"                                         \
	"name = sys.argv[1].encode()\n"                                        \
	"libc = ctypes.CDLL(None)\n"                                           \
	"class Host(ctypes.Structure):\n"                                      \
	"  _fields_ = [('name', ctypes.c_char_p), ('p', ctypes.c_void_p),\n"   \
	"    ('family', ctypes.c_int), ('len', ctypes.c_int),\n"               \
	"    ('list', ctypes.POINTER(ctypes.c_void_p))]\n"                     \
	"def print_host(p):\n"                                                 \
	"  h = p.contents if p else None\n"                                    \
	"  print(h and (h.name, h.family,\n"                                   \
	"    ctypes.string_at(h.list[0], h.len)))\n"                           \
	"def show(call, *more):\n"                                             \
	"  call.restype = ctypes.POINTER(Host)\n"                              \
	"  print_host(call(name, *more))\n"                                    \
	"def show_r(call, *more):\n"                                           \
	"  h, buf = Host(), ctypes.create_string_buffer(1024)\n"               \
	"  res, err = ctypes.POINTER(Host)(), ctypes.c_int()\n"                \
	"  print(call(name, *more, ctypes.byref(h), buf, 1024,\n"              \
	"    ctypes.byref(res), ctypes.byref(err)), err.value)\n"              \
	"  print_host(res)\n"                                                  \
	"show(libc.gethostbyname)\n"                                           \
	"show_r(libc.gethostbyname_r)\n"                                       \
	"for family in socket.AF_INET, socket.AF_INET6:\n"                     \
	"  show(libc.gethostbyname2, family)\n"                                \
	"  show_r(libc.gethostbyname2_r, family)\n"

Test(localhost, resolves_them_in_the_old_calls_too)
{
	const struct run *native, *leased;

	native = RUN("python3", "-c", OLD_CALLS, "localhost");
	if (WEXITSTATUS(native->status) == 127)
		story_skip("no python3");
	leased =
	    RUN(PORTLEASE, "run", "python3", "-c", OLD_CALLS, "app.localhost");
	cr_expect_eq(leased->status, 0, "%s", leased->err);
	cr_expect_str_eq(leased->out, native->out, "%s", leased->out);
	cr_expect_geq(
	    story_count(leased->out, "b'localhost', 2,"), 4, "%s", leased->out);
}

/* By libuv: a server that binds one such name, and a client of another. */
#define SERVER                                                                 \
	"const http = require('http');\n"                                      \
	"http.createServer((q, r) => r.end(q.headers.host))\n"                 \
	"  .listen(9926, 'one.localhost', () => console.log('up'));\n"
#define CLIENT                                                                 \
	"require('http').get('http://two.localhost:9926/',\n"                  \
	"  (r) => r.pipe(process.stdout));\n"

Test(localhost, a_server_is_reached_by_any_of_them)
{
	struct run *server;
	const char *ip;

	if (RUN("node", "--version")->status != 0)
		story_skip("no node");
	server = START(PORTLEASE, "run", TELL_IP, "node", "-e", SERVER);
	ip = story_ip(server);
	story_says(server, "up");
	cr_expect_str_eq(
	    RUN(PORTLEASE, "exec", "--lease", ip, "node", "-e", CLIENT)->out,
	    "two.localhost:9926");
	cr_expect_str_eq(RUN(PORTLEASE, "exec", "--lease", ip, "curl", "-s",
			     "http://three.localhost:9926/")
			     ->out,
	    "three.localhost:9926");
	story_signal(server, SIGTERM);
	story_end(server);
	story_left_nothing();
}
