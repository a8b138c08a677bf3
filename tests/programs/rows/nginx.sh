#!/bin/sh
# SPDX-License-Identifier: ISC
# nginx, which detaches itself: IPv4 and IPv6 apart, a proxy to itself, reload, and the upgrade of
# the running binary, which hands the listening sockets to a new master.
#: needs /usr/sbin/nginx curl
#: ports 9926 9927
#: until tree
. "${0%/*}/../row.sh"

configure() {
	cat >nginx.conf <<-END
		pid $PWD/nginx.pid;
		error_log stderr;
		worker_processes 2;
		events {
		}
		http {
			access_log off;
			client_body_temp_path $PWD/body;
			proxy_temp_path $PWD/proxy;
			fastcgi_temp_path $PWD/fastcgi;
			uwsgi_temp_path $PWD/uwsgi;
			scgi_temp_path $PWD/scgi;
			server {
				listen 0.0.0.0:9926;
				listen [::]:9926 ipv6only=on;
				location / {
					return 200 "$TOKEN $1 \$remote_addr \$server_addr:\$server_port\n";
				}
				location /proxied {
					proxy_pass http://localhost:9927/;
				}
			}
			server {
				listen 127.0.0.1:9927;
				listen [::1]:9927;
				location / {
					return 200 "$TOKEN proxied \$server_port\n";
				}
			}
		}
	END
}

start() {
	configure first
	exec /usr/sbin/nginx -p "$PWD" -c "$PWD/nginx.conf" -e stderr
}

ask_all() {
	for host in 127.0.0.1 '[::1]' localhost; do
		ours "$(get "http://$host:9926/")"
	done
	ours "$(get http://127.0.0.1:9926/proxied)"
}

reloaded() {
	[ "$(get http://127.0.0.1:9926/ | cut -d ' ' -f 2)" = second ]
}

check() {
	ask_all
	configure second
	kill -HUP "$(cat nginx.pid)"
	try reloaded
	ask_all

	old=$(cat nginx.pid)
	kill -USR2 "$old"
	try test -s nginx.pid.oldbin -a -s nginx.pid
	kill -QUIT "$old"
	try test ! -e nginx.pid.oldbin
	[ "$(cat nginx.pid)" != "$old" ] || fail 'the same master'
	ask_all
}

row "$@"
