#!/bin/sh
# SPDX-License-Identifier: ISC
# curl in many ways, and python3 -m http.server, which logs who asked.
#: needs python3 curl
#: ports 9926
#: options -p 9925-9926
. "${0%/*}/../row.sh"

start() {
	echo "$TOKEN" >name
	exec python3 -m http.server -b :: 9926 2>log
}

# What it got, and from where to where.
ask() {
	ours "$(get -w '%{remote_ip} %{remote_port} %{local_ip}' "$@")"
}

refused() {
	status=0
	said=$(get "$1" 2>&1) || status=$?
	is 7 "$status"
	echo "${said%% after *}"
}

check() {
	ask http://127.0.0.1:9926/name
	ask 'http://[::1]:9926/name'
	ask -4 http://localhost:9926/name
	ask -6 http://localhost:9926/name
	ask 'http://[::ffff:127.0.0.1]:9926/name'
	ask http://0.0.0.0:9926/name
	ask --interface 127.0.0.1 http://127.0.0.1:9926/name
	ask --interface 127.0.0.5 http://127.0.0.1:9926/name
	ask -w '%{local_port}' --local-port 20000-20100 \
		http://127.0.0.1:9926/name
	ask http://127.0.0.7:9926/name
	ask --resolve a.test:9926:127.0.0.1 http://a.test:9926/name
	ask --connect-to a.test:80:localhost:9926 http://a.test/name
	ours "$(get -Z "http://127.0.0.1:9926/name?[1-20]" | sort -u)"

	refused http://127.0.0.1:9925/
	refused 'http://[::1]:9925/'

	cut -d ' ' -f 1 log | uniq -c
}

row "$@"
