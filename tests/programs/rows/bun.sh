#!/bin/sh
# SPDX-License-Identifier: ISC
# Bun: what Node's row does, and its own server.
#: needs $BUILT/node_modules/bun curl
#: ports 9925 9926 9932 9933
#: udp 9927
. "${0%/*}/../row.sh"

# npm puts the binaries beside the package, one for each kind of machine.
bun() {
	for bun in "$BUILT"/node_modules/@oven/bun-linux-*/bin/bun; do
		case $bun in
		*musl* | *android*) ;;
		*) exec "$bun" "$@" ;;
		esac
	done
	fail 'npm installed no Bun for this machine'
}

start() {
	bun "$PROGRAMS/servers/bun.mjs" "$TOKEN"
}

check() {
	ours "$(bun "$PROGRAMS/servers/client.mjs")"
	for host in 127.0.0.1 '[::1]' localhost; do
		ours "$(get "http://$host:9933/")"
	done
}

row "$@"
