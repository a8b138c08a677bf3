#!/bin/sh
# SPDX-License-Identifier: ISC
# mosquitto on the usual port, and its clients.  The password is this copy's.
#: needs mosquitto mosquitto_pub mosquitto_sub mosquitto_passwd
#: ports 1883
. "${0%/*}/../row.sh"

start() {
	mosquitto_passwd -b -c passwords me "$TOKEN"
	chmod 644 passwords
	cat >mosquitto.conf <<-END
		listener 1883
		allow_anonymous false
		password_file $PWD/passwords
		log_dest stderr
	END
	exec mosquitto -c mosquitto.conf
}

check() {
	for host in 127.0.0.1 ::1 localhost; do
		mosquitto_pub -h "$host" -u me -P "$TOKEN" -r -q 1 \
			-t "from/$host" -m "$TOKEN" >&2
	done
	ours "$(mosquitto_sub -h localhost -u me -P "$TOKEN" -W 20 -C 3 \
		-v -t 'from/#')"
	if mosquitto_pub -u me -P wrong -t x -m x 2>&1; then
		fail 'it let a stranger in'
	fi
}

row "$@"
