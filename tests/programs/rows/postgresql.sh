#!/bin/sh
# SPDX-License-Identifier: ISC
# PostgreSQL on every address: one process for each client.
#: needs initdb postgres psql pg_isready
#: ports 9926
#: user ordinary
. "${0%/*}/../row.sh"

once() {
	initdb --auth=trust --username=me --no-sync -D data >/dev/null
}

start() {
	cp -a ../data data
	exec postgres -D data -p 9926 -c listen_addresses='*' -c fsync=off \
		-c unix_socket_directories="$PWD" -c cluster_name="$TOKEN"
}

sql() {
	psql -X -A -t "host=$1 port=9926 user=me dbname=postgres" -c "$2"
}

check() {
	try pg_isready -q -h localhost -p 9926 -U me -t 20
	for host in 127.0.0.1 ::1 localhost; do
		ours "$(sql "$host" "select current_setting('cluster_name'),
			inet_client_addr(), inet_server_addr(),
			inet_server_port()")"
	done
	sql localhost 'create table numbers as
		select n from generate_series(1, 1000) n'
	sql ::1 'select sum(n) from numbers'
	ours "$(sql "$PWD" "select current_setting('cluster_name'),
		inet_client_addr()")"
}

row "$@"
