#!/bin/sh
# SPDX-License-Identifier: ISC
# A program that musl carries, not glibc.
#: needs python3 $BUILT/identity-musl
#: ports 9926
. "${0%/*}/../row.sh"

start() {
	exec env -i "$BUILT/identity-musl" 9926 "$TOKEN"
}

check() {
	for host in 127.0.0.1 ::1 localhost; do
		ours "$(python3 "$PROGRAMS/servers/ask.py" tcp "$host" 9926)"
	done
	reaches python3 "$PROGRAMS/servers/ask.py" tcp 127.0.0.8 9926
	ours "$(python3 "$PROGRAMS/servers/ask.py" udp 127.0.0.1 9926)"
}

row "$@"
