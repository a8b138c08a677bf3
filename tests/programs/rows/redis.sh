#!/bin/sh
# SPDX-License-Identifier: ISC
# Redis on every address of both families, and a child that saves.
#: needs redis-server redis-cli
#: ports 9926
. "${0%/*}/../row.sh"

# Its working directory is what only this copy has.
start() {
	mkdir "$TOKEN"
	exec redis-server --port 9926 --bind '*' '-::*' --save '' \
		--protected-mode no --dir "$PWD/$TOKEN"
}

cli() {
	redis-cli -h "$@" | sed "s|$PWD/||"
}

check() {
	for host in 127.0.0.1 ::1 localhost; do
		ours "$(cli "$host" -p 9926 config get dir)"
		cli "$host" -p 9926 client list |
			sed 's/.* \(addr=.*\):[0-9]* \(laddr=[^ ]*\) .*/\1 \2/'
	done
	is OK "$(cli localhost -p 9926 set name "$TOKEN")"
	is OK "$(cli localhost -p 9926 save)"
	is "$TOKEN" "$(cli ::1 -p 9926 get name)"
	test -s "$TOKEN/dump.rdb"
	is 100 "$(cli 127.0.0.1 -p 9926 -r 100 rpush list x | tail -n 1)"
}

row "$@"
