#!/bin/sh
# SPDX-License-Identifier: ISC
# Node's cluster: the primary listens and hands connections to its workers;
# and, on the second port, the workers accept from a socket that they share.
#: needs node curl
#: ports 9926 9927
. "${0%/*}/../row.sh"

start() {
	exec node "$PROGRAMS/servers/cluster.cjs" "$TOKEN"
}

check() {
	for url in http://127.0.0.1:9926/ 'http://[::1]:9926/' \
		http://127.0.0.1:9927/; do
		ours "$(get "$url")"
	done
	workers=$(for _ in 1 2 3 4 5 6 7 8; do
		ours "$(get http://127.0.0.1:9926/worker)" || exit
	done)
	echo "$workers" | sort -u
}

row "$@"
