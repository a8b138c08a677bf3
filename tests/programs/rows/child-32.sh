#!/bin/sh
# SPDX-License-Identifier: ISC
# A server that starts a 32-bit program, which the shim cannot enter: ld.so
# says so on its standard error, and it runs as it would natively.
#: needs python3 $BUILT/identity-32 $BUILT/identity-64
#: ports 9926
#: says uncovered: .*identity-32
. "${0%/*}/../row.sh"

start() {
	"$BUILT/identity-32" 0 "$TOKEN" >said 2>warned
	exec "$BUILT/identity-64" 9926 "$TOKEN"
}

check() {
	ours "$(cat said)"
	if grep -v 'wrong ELF class: ELFCLASS64' warned; then
		fail 'and more'
	fi
	ours "$(python3 "$PROGRAMS/servers/ask.py" tcp 127.0.0.1 9926)"
}

row "$@"
