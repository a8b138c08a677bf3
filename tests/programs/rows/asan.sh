#!/bin/sh
# SPDX-License-Identifier: ISC
# AddressSanitizer of GCC, which aborts when its library is not the first;
# started with an empty environment.
#: needs python3 $BUILT/identity-asan
#: ports 9926
. "${0%/*}/../row.sh"

start() {
	exec env -i "$BUILT/identity-asan" 9926 "$TOKEN"
}

check() {
	for host in 127.0.0.1 ::1 localhost; do
		ours "$(python3 "$PROGRAMS/servers/ask.py" tcp "$host" 9926)"
	done
	reaches python3 "$PROGRAMS/servers/ask.py" tcp 127.0.0.8 9926
	ours "$(python3 "$PROGRAMS/servers/ask.py" udp 127.0.0.1 9926)"
}

row "$@"
