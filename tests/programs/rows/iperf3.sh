#!/bin/sh
# SPDX-License-Identifier: ISC
# iperf3: a control connection and data connections, TCP and UDP, both ways.
#: needs iperf3
#: ports 9926
. "${0%/*}/../row.sh"

# Its log, which its clients can ask for, begins each line with the token.
start() {
	exec iperf3 -s -p 9926 --timestamps="$TOKEN " --forceflush
}

ask() {
	said=$(iperf3 -p 9926 -n 256K -l 1K --get-server-output "$@")
	ours "$said" >/dev/null
	echo "$said" | sed -n 's/.*\(connected to .*\) port.*/\1/p' | sort -u
}

check() {
	ask -c 127.0.0.1
	ask -c ::1
	ask -c localhost -P 2
	ask -c 127.0.0.1 -R
	ask -c 127.0.0.1 -u -b 1G
}

row "$@"
