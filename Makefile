# SPDX-License-Identifier: ISC
# make            build the shim and the tools
# make check      all tests but Harper's; make check-harper: the real Harper
# make check-harper-load  sixteen Harpers at once; make bench-ready, bench-shim
# make demo       two servers on the same ports, side by side
# make deps       install what is missing (Debian); deps-harper, deps-lint
# SAN=address,undefined builds apart, into build-address-undefined.

# V=1 shows the whole commands.
say = $(if $(V),,@echo "  $@";)

PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
comma := ,
B ?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))$(if $(FAULTS),-faults)
ABS := $(abspath $(B))

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wundef -Wformat=2 -Wcast-qual \
	-Wpointer-arith -Wwrite-strings -Wstrict-prototypes \
	-Wmissing-prototypes -Wimplicit-fallthrough -Wconversion \
	$(if $(CI),-Werror)
BASE = -std=gnu17 -D_GNU_SOURCE $(WARN) -MMD -MP
FAULTFLAGS = $(if $(FAULTS),-DFAULTS)
SANFLAGS = $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)

TOOLS_LIBS = libbsd-overlay libmnl jansson libseccomp
TOOLS_CFLAGS = $(shell pkg-config --cflags $(TOOLS_LIBS))
TOOLS_LDLIBS = $(shell pkg-config --libs $(TOOLS_LIBS))
TEST_CFLAGS = $(TOOLS_CFLAGS) $(shell pkg-config --cflags criterion) \
	-I. -Ishim -Itools -DBUILD_DIR='"$(ABS)"'
TEST_LDLIBS = $(TOOLS_LDLIBS) $(shell pkg-config --libs criterion)

shim_c := $(wildcard shim/*/*.c)
tools_c := $(wildcard tools/*/*.c)
# What the tools take of the shim: all but the hooks.
shared_c := $(wildcard shim/lease/*.c shim/sock/*.c)
guests_c := $(wildcard tests/guests/*.c)
unit_c := $(wildcard tests/unit/*.c)
e2e_c := $(wildcard tests/e2e/*.c)

shim_o := $(shim_c:%.c=$(B)/pic/%.o)
tools_o := $(tools_c:%.c=$(B)/%.o) $(shared_c:%.c=$(B)/%.o)
tools_o += $(if $(SAN),$(B)/tests/sanitizers/options.o)
# What the unit tests link: the modules, without the command itself.
modules_o := $(filter-out $(B)/tools/cmd/portlease.o,$(tools_o))
guests := $(guests_c:tests/guests/%.c=$(B)/guests/%)
guests := $(filter-out $(B)/guests/static-%,$(guests)) \
	$(filter $(B)/guests/static-%,$(guests)) $(B)/guests/tsan-crowd

products := $(B)/libportlease.so $(B)/portlease

all: $(products)

# The shim is loaded into programs that nobody here built: libc alone, by
# names without versions, so that glibc and musl both satisfy it.  The empty
# stand-in for libc keeps the linker from recording versions.
$(B)/stub/libc.so.6: Makefile
	@mkdir -p $(@D)
	$(say)$(CC) -shared -nostdlib -Wl,-soname,libc.so.6 -o $@ -x c /dev/null

$(B)/libportlease.so: $(shim_o) $(B)/stub/libc.so.6
	$(say)$(CC) -shared -nostdlib -Wl,-z,now -Wl,-z,defs -Wl,--no-undefined \
		-Wl,--unresolved-symbols=ignore-all -Wl,--no-as-needed \
		$(LDFLAGS) -o $@ $(shim_o) $(B)/stub/libc.so.6

$(B)/pic/%.o: %.c
	@mkdir -p $(@D)
	$(say)$(CC) $(CFLAGS) $(BASE) -Wno-pedantic -Ishim -fPIC -fvisibility=hidden \
		-U_FORTIFY_SOURCE -fno-stack-protector -c -o $@ $<

$(B)/portlease: $(tools_o) | $(B)/libportlease.so
	$(say)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) \
		-Wl,--export-dynamic-symbol=portlease_untranslated \
		-o $@ $(tools_o) $(TOOLS_LDLIBS)

$(B)/tools/%.o: tools/%.c | packages
	@mkdir -p $(@D)
	$(say)$(CC) $(CFLAGS) $(BASE) $(SANFLAGS) $(FAULTFLAGS) $(TOOLS_CFLAGS) \
		-Ishim -Itools \
		-c -o $@ $<

$(B)/shim/%.o: shim/%.c
	@mkdir -p $(@D)
	$(say)$(CC) $(CFLAGS) $(BASE) -Wno-pedantic -Ishim $(SANFLAGS) -c -o $@ $<

$(B)/guests/static-%: tests/guests/static-%.c
	@mkdir -p $(@D)
	$(say)$(CC) $(CFLAGS) $(BASE) -static -o $@ $< -pthread

$(B)/guests/%: tests/guests/%.c
	@mkdir -p $(@D)
	$(say)$(CC) $(CFLAGS) $(BASE) -o $@ $< -pthread

# The guest alone: the shim is preloaded as it is.
$(B)/guests/tsan-%: tests/guests/%.c
	@mkdir -p $(@D)
	$(say)$(CC) $(CFLAGS) $(BASE) -fsanitize=thread -o $@ $< -pthread

$(B)/tests/%.o: tests/%.c | packages
	@mkdir -p $(@D)
	$(say)$(CC) $(CFLAGS) $(BASE) $(SANFLAGS) $(FAULTFLAGS) $(TEST_CFLAGS) -c -o $@ $<

$(B)/tests/units: $(unit_c:%.c=$(B)/%.o) $(modules_o)
	$(say)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(TEST_LDLIBS)

$(B)/tests/stories: $(e2e_c:%.c=$(B)/%.o) $(modules_o)
	$(say)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(TEST_LDLIBS)

# SOAK_SECONDS, SOAK_LEASES and SOAK_SEED in the environment.
soak: $(products) $(B)/guests/tenant $(B)/tests/soak/driver \
		$(B)/tests/soak/observer
	$(B)/tests/soak/driver $(ABS)

$(B)/tests/soak/driver: $(B)/tests/soak/driver.o $(B)/tests/arena/arena.o
	$(say)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^

$(B)/tests/soak/observer: $(B)/tests/soak/observer.o
	$(say)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^

# A hundred processes that lease in a loop.
bench-acquire: $(products) $(B)/tests/bench/acquire
	$(B)/tests/bench/acquire $(ABS)/portlease $(BENCH_ARGS)

$(B)/tests/bench/acquire: $(B)/tests/bench/acquire.o $(B)/tests/arena/arena.o
	$(say)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(TOOLS_LDLIBS)

# Every fault point, with every kind of fault, in a build of its own.
$(B)/tests/faults/table: $(B)/tests/faults/table.o \
		$(B)/tests/arena/arena.o $(modules_o)
	$(say)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(TOOLS_LDLIBS)

check-faults:
	@$(MAKE) --no-print-directory FAULTS=1 B=$(B)-faults faults

faults: $(products) $(B)/guests/fixedport $(B)/tests/faults/table
	$(B)/tests/faults/table $(ABS)

tests: $(products) $(guests) $(B)/tests/units $(B)/tests/stories

check: tests
	$(B)/tests/units
	tests/stories.sh $(ABS)
	@$(MAKE) --no-print-directory check-faults

# Harper itself, where check-harper and check-harper-load find it.
harper: all
	@command -v npm >/dev/null || { \
		echo "make: the package 'npm' is missing: try 'make deps-harper'"; \
		exit 1; }
	@mkdir -p $(B)/harper
	cp -p tests/harper/package.json tests/harper/package-lock.json $(B)/harper/
	cd $(B)/harper && [ node_modules -nt package-lock.json ] || \
		npm ci --ignore-scripts --no-audit --no-fund

check-harper: harper
	HARPER_HOME=$(ABS)/harper PORTLEASE=$(ABS)/portlease \
		node --test --test-concurrency=1 tests/harper/*.test.mjs

# Sixteen at once: two minutes of two cores, which is why it stands alone.
check-harper-load: harper
	HARPER_HOME=$(ABS)/harper PORTLEASE=$(ABS)/portlease \
		node tests/harper/load.mjs

# Real programs, natively and in leases; PROGRAMS="nginx bun" for some.
check-programs: all programs
	PORTLEASE=$(ABS)/portlease BUILT=$(ABS)/programs PROGRAMS="$(PROGRAMS)" \
		node --test tests/programs/*.test.mjs

# One server, built in ways that are not plain.  What cannot be built is
# missed by the row that needs it.
SERVERS = tests/programs/servers
BUILT = $(B)/programs

programs: $(addprefix $(BUILT)/,identity-64 identity-32 identity-asan \
		identity-static identity-musl identity-go Server.class \
		node_modules)

$(BUILT)/identity-32: HOW = -m32
$(BUILT)/identity-asan: HOW = -fsanitize=address
$(BUILT)/identity-static: HOW = -static
$(BUILT)/identity-%: $(SERVERS)/identity.c
	@mkdir -p $(@D)
	-$(say)gcc $(CFLAGS) $(HOW) -D_GNU_SOURCE -o $@ $<

$(BUILT)/identity-musl: $(SERVERS)/identity.c
	@mkdir -p $(@D)
	-$(say)musl-gcc $(CFLAGS) -D_GNU_SOURCE -o $@ $<

$(BUILT)/identity-go: $(SERVERS)/identity.go
	@mkdir -p $(@D)
	-$(say)CGO_ENABLED=0 GOCACHE=$(ABS)/programs/gocache GOPATH=$(ABS)/programs/go \
		GOFLAGS=-mod=mod go build -o $@ $<

$(BUILT)/Server.class: $(SERVERS)/Server.java $(SERVERS)/Client.java
	@mkdir -p $(@D)
	-$(say)javac -d $(@D) $^

$(BUILT)/node_modules: tests/programs/package-lock.json
	@mkdir -p $(@D)
	cp tests/programs/package.json $< $(@D)
	-cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund && \
		touch node_modules

# An absolute path: it starts itself inside leases.
bench-ready: all $(B)/tests/bench-ready
	$(ABS)/tests/bench-ready

$(B)/tests/bench-ready: $(B)/tests/bench/ready.o
	$(say)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^ -pthread

# What a hooked call costs; BENCH_ARGS: how many rounds.
bench-shim: all $(B)/tests/bench-shim
	$(ABS)/portlease run -q -p 20926 -- $(ABS)/tests/bench-shim $(BENCH_ARGS)

$(B)/tests/bench-shim: $(B)/tests/bench/shim.o
	$(say)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^

demo: deps-build
	@$(MAKE) --no-print-directory all $(B)/guests/fixedport \
		$(B)/guests/client
	@BUILD=$(B) tests/demo.sh

# Each Debian package with the command or file that shows that it is there.
DEPS_BUILD = gcc:gcc libc6-dev:/usr/include/stdio.h pkg-config:pkg-config \
	libbsd-dev:/usr/include/bsd/bsd.h \
	libmnl-dev:/usr/include/libmnl/libmnl.h \
	libjansson-dev:/usr/include/jansson.h \
	libseccomp-dev:/usr/include/seccomp.h
DEPS_CHECK = libcriterion-dev:/usr/include/criterion/criterion.h iproute2:ss \
	curl:curl strace:strace procps:ps binutils:readelf \
	util-linux:setpriv
DEPS_HARPER = nodejs:node npm:npm
# What tests/programs runs.
DEPS_PROGRAMS = nginx:/usr/sbin/nginx redis-server:redis-server \
	mosquitto:/usr/sbin/mosquitto mosquitto-clients:mosquitto_pub \
	postgresql-15:/usr/lib/postgresql/15/bin/initdb \
	python3:/usr/bin/python3 nodejs:node npm:npm \
	default-jdk-headless:javac curl:curl socat:socat iperf3:iperf3 \
	golang-go:go musl-tools:musl-gcc \
	gcc-multilib:/usr/include/x86_64-linux-gnu/gnu/stubs-32.h \
	iproute2:ss util-linux:setpriv
DEPS_LINT = clang-format:clang-format clang-tidy:clang-tidy \
	cppcheck:cppcheck mandoc:mandoc shellcheck:shellcheck

# While this exists, Debian's packages start no servers.
POLICY = /usr/sbin/policy-rc.d

deps: deps-build deps-check

deps-%:
	@missing=; for p in $(DEPS_$(shell echo $* | tr a-z A-Z)); do \
		command -v $${p#*:} >/dev/null 2>&1 || [ -e $${p#*:} ] || \
		missing="$$missing $${p%%:*}"; done; \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" != 0 ]; then echo "make: packages are missing;" \
		"as root: apt-get install$$missing"; exit 1; fi; \
	echo "installing$$missing"; \
	trap 'exit 1' HUP INT TERM; \
	[ -e $(POLICY) ] || { trap 'rm -f $(POLICY)' EXIT; \
	printf '#!/bin/sh\nexit 101\n' >$(POLICY); chmod 755 $(POLICY); }; \
	export DEBIAN_FRONTEND=noninteractive; apt-get update -qq && \
	apt-get install -y -qq --no-install-recommends $$missing

packages:
	@for p in $(TOOLS_LIBS) $(if $(filter check tests,$(MAKECMDGOALS)),criterion); do \
		pkg-config --exists $$p || { \
		echo "make: the library $$p is missing: try 'make deps'"; \
		exit 1; }; done

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/portlease \
		$(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(B)/portlease $(DESTDIR)$(PREFIX)/bin/portlease
	install -m 755 tools/portlease-runtime \
		$(DESTDIR)$(PREFIX)/bin/portlease-runtime
	install -m 755 $(B)/libportlease.so \
		$(DESTDIR)$(PREFIX)/lib/portlease/libportlease.so
	install -m 644 tools/portlease.1 \
		$(DESTDIR)$(PREFIX)/share/man/man1/portlease.1

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/portlease \
		$(DESTDIR)$(PREFIX)/bin/portlease-runtime \
		$(DESTDIR)$(PREFIX)/lib/portlease/libportlease.so \
		$(DESTDIR)$(PREFIX)/share/man/man1/portlease.1
	-rmdir $(DESTDIR)$(PREFIX)/lib/portlease

lint:
	clang-format --dry-run -Werror shim/*/*.[ch] tools/*/*.[ch] \
		$(wildcard tests/*/*.[ch])
	cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 \
		--enable=warning,portability -D_GNU_SOURCE -D__x86_64__ -Ishim -Itools \
		shim tools
	clang-tidy --quiet --warnings-as-errors='*' \
		--checks='-*,bugprone-*,-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier,-bugprone-sizeof-expression,-bugprone-narrowing-conversions,clang-analyzer-*,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,-clang-analyzer-valist.*,-clang-analyzer-optin.performance.Padding' \
		$(shim_c) $(tools_c) -- $(BASE) $(TOOLS_CFLAGS) -Ishim -Itools
	mandoc -T lint -W warning tools/portlease.1
	shellcheck .ci/run tools/portlease-runtime $(wildcard tests/*.sh)
	shellcheck -x -P SCRIPTDIR tests/programs/row.sh tests/programs/rows/*.sh

format:
	clang-format -i shim/*/*.[ch] tools/*/*.[ch] $(wildcard tests/*/*.[ch])

clean:
	rm -rf build build-*

-include $(shell find $(B) -path $(B)/harper -prune -o -name '*.d' -print \
	2>/dev/null)

.PHONY: all tests check check-faults faults soak bench-acquire harper \
	check-harper check-harper-load check-programs programs bench-ready \
	bench-shim \
	demo deps packages install uninstall lint format clean
