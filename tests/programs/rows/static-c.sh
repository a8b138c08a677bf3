#!/bin/sh
# SPDX-License-Identifier: ISC
# A static C program, which the shim cannot enter: the net beneath catches
# its system calls.  The addresses that it sees are not translated back.
#: needs socat $BUILT/identity-static
#: ports 9926
#: options --trap
. "${0%/*}/../row.sh"

start() {
	exec "$BUILT/identity-static" 9926 "$TOKEN"
}

check() {
	for host in 127.0.0.1 '[::1]' localhost; do
		ours "$(socat -u "TCP:$host:9926" - | cut -d ' ' -f 1)"
	done
}

row "$@"
