# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# What every row of rows/ sources.  A row is one real program:
#
#	#: key values		what the driver, programs.test.mjs, has to know
#	once() { ... }		made once for all copies, in the directory above
#	start() { ... }		become the server; TOKEN is its identity
#	check() { ... }		be its clients, on localhost; runs natively and in
#				a lease, and must print the same there
#
# needs		commands and files that must be there
# ports		where it listens, TCP: fixed ports, the same in every copy
# udp		the same, UDP
# until		tree: it goes on when the process that was started ends
# user		ordinary: refuses to run as root
# natively	shares: a second copy on the same ports starts without an error
# says		what portlease prints on its standard error besides
# options	of portlease run, besides
#
# It runs in a directory of the copy's own.  PROGRAMS is tests/programs, BUILT
# where the Makefile put what is compiled, and TOKEN what only this copy knows.
set -eu

# What Debian installed, whatever else there is.
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/15/bin
export PATH LC_ALL=C
: "${PROGRAMS:=$(cd "${0%/*}/.." && pwd)}" "${BUILT:=}" "${TOKEN:=}"

fail() {
	echo "$*" >&2
	exit 1
}

# The text, which must name this copy.
ours() {
	case $1 in
	*"$TOKEN"*) printf '%s\n' "$1" ;;
	*) fail "not $TOKEN: $1" ;;
	esac
}

# This copy answers, but its answer is not part of what is compared: a server
# on a wildcard address that is called by 127.0.0.N sees itself as 127.0.0.1
# in a lease.
reaches() {
	ours "$("$@")" >/dev/null
}

is() {
	[ "$1" = "$2" ] || fail "wanted '$1', got '$2'"
}

# For what tells nobody when it is done: ask until it is, for ten seconds.
try() {
	tries=200
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || fail "in vain: $*"
		sleep 0.05
	done
}

get() {
	curl -sS --max-time 20 "$@"
}

row() {
	case $1 in
	once) if command -v once >/dev/null; then once; fi ;;
	start | check) "$1" ;;
	*) fail "usage: $0 once|start|check" ;;
	esac
}
