#!/bin/sh
# SPDX-License-Identifier: ISC
# deps.sh [--missing] GROUP ...: install the Debian packages of these groups
# that are missing, as root; with --missing only name them and fail.
# shellcheck disable=SC2034 # missing() reads the groups by their names
set -eu

# Each package with the command or file that shows that it is there.
build='gcc:gcc make:make libc6-dev:/usr/include/stdio.h pkg-config:pkg-config
	libbsd-dev:/usr/include/bsd/bsd.h
	libjansson-dev:/usr/include/jansson.h
	libseccomp-dev:/usr/include/seccomp.h'
check='libcriterion-dev:/usr/include/criterion/criterion.h iproute2:ss
	curl:curl strace:strace procps:ps binutils:readelf util-linux:setpriv
	valgrind:valgrind'
harper='nodejs:node npm:npm'
lint='clang:clang
	libclang-rt-14-dev:/usr/lib/llvm-14/lib/clang/14.0.6/include/sanitizer/tsan_interface.h
	clang-format:clang-format clang-tidy:clang-tidy
	cppcheck:cppcheck mandoc:mandoc shellcheck:shellcheck git:git'
completions='bash:bash zsh:zsh fish:fish'
workers='nodejs:node npm:npm
	python3-pytest-xdist:/usr/lib/python3/dist-packages/xdist'
programs='nginx:/usr/sbin/nginx redis-server:redis-server
	mosquitto:/usr/sbin/mosquitto mosquitto-clients:mosquitto_pub
	postgresql-15:/usr/lib/postgresql/15/bin/initdb
	python3:/usr/bin/python3 nodejs:node npm:npm
	default-jdk-headless:javac curl:curl socat:socat iperf3:iperf3
	golang-go:go musl-tools:musl-gcc
	gcc-multilib:/usr/include/x86_64-linux-gnu/gnu/stubs-32.h
	iproute2:ss util-linux:setpriv fakeroot:fakeroot
	libuid-wrapper:/usr/lib/x86_64-linux-gnu/libuid_wrapper.so
	proxychains4:proxychains4'

# missing GROUP ...: the packages that are not there.
missing() {
	for group; do
		eval "list=\${$group:-}"
		[ -n "$list" ] || { echo "deps.sh: no group '$group'" >&2; exit 1; }
		for entry in $list; do
			command -v "${entry#*:}" >/dev/null 2>&1 ||
				[ -e "${entry#*:}" ] || echo "${entry%%:*}"
		done
	done
}

install() {
	# While this file exists, Debian's packages start no servers.
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		trap 'rm -f "$policy"' EXIT
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq
	# shellcheck disable=SC2086 # a list of words
	apt-get install -y -qq --no-install-recommends $packages
}

only_name=
[ "${1:-}" != --missing ] || { only_name=1; shift; }
packages=$(missing "$@" | sort -u | tr '\n' ' ')
[ -n "$packages" ] || exit 0
if [ -n "$only_name" ] || [ "$(id -u)" != 0 ]; then
	echo "packages are missing: try 'make deps'," \
		"or as root: apt-get install $packages" >&2
	exit 1
fi
trap 'exit 1' HUP INT TERM
# Only one apt-get runs at a time; the others then find all installed.
exec 9>/run/lock/portlease-deps
flock 9
packages=$(missing "$@" | sort -u | tr '\n' ' ')
[ -z "$packages" ] || { echo "installing $packages"; install; }
